"""Shipping: carriers, transports in and out, and the parcels that bring orders to customers."""

from tenantry.models.shipping.parcels import (
    FulfilmentBatch,
    FulfilmentBatchStatus,
    FulfilmentShipment,
    LabelFormat,
    ParcelStatus,
    ShipmentLineItem,
    ShipmentOrder,
    ShipmentStatus,
)
from tenantry.models.shipping.transports import (
    LogisticInbound,
    LogisticItemInbound,
    LogisticItemOutbound,
    LogisticOutbound,
    LogisticVendor,
    TransportStatus,
)

__all__ = [
    "FulfilmentBatch",
    "FulfilmentBatchStatus",
    "FulfilmentShipment",
    "LabelFormat",
    "LogisticInbound",
    "LogisticItemInbound",
    "LogisticItemOutbound",
    "LogisticOutbound",
    "LogisticVendor",
    "ParcelStatus",
    "ShipmentLineItem",
    "ShipmentOrder",
    "ShipmentStatus",
    "TransportStatus",
]
