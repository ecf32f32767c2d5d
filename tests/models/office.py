"""People of other roles at work in a shop, and customers who come to it."""

import uuid
from dataclasses import replace

from sqlalchemy import text
from tests.models.shop import Shop, name

from tenantry.models.crm import Customer, PersonalKey


def hired(shop: Shop, role: str = "owner") -> Shop:
    """The same shop with somebody new at work, of this role."""
    user = uuid.uuid4()
    with shop.superuser.begin() as connection:
        connection.execute(
            text("INSERT INTO users (id, email) VALUES (:user, :email)"),
            {"user": user, "email": f"{name()}@example.com"},
        )
        connection.execute(
            text("INSERT INTO tenant_users (tenant_id, user_id, role) VALUES (:tenant, :user, :role)"),
            {"tenant": shop.seller.tenant_id, "user": user, "role": role},
        )
    return replace(shop, seller=replace(shop.seller, owner=user, member=user))


def new_customer(shop: Shop) -> uuid.UUID:
    """Somebody who buys."""
    with shop.at_work() as session:
        person = PersonalKey(external_key=name())
        session.add(person)
        session.flush()
        customer = Customer(personal_key_id=person.id)
        session.add(customer)
        session.commit()
        return customer.id
