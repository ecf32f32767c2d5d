"""Customers and what is said to them: the CRM, channels, text messages, alerts."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from tenantry.seed import words
from tenantry.seed.company import Company
from tenantry.seed.plan import afterwards, recipe
from tenantry.seed.values import Row, email, money, person, phone


@recipe("crm_leads")
def _leads(company: Company) -> Iterator[Row]:
    for _ in range(8):
        name = person(company.rng)
        yield {
            "personal_key_id": company.pick("crm_personal_keys")["id"],
            "name": name,
            "email": email(company.rng, name),
            "phone": phone(company.rng),
            "score": company.rng.randint(0, 100),
        }


@recipe("crm_deals")
def _deals(company: Company) -> Iterator[Row]:
    for lead in company.rows["crm_leads"][:6]:
        yield {"lead_id": lead["id"], "amount": money(company.rng, 300, 9_000), "created_at": lead["created_at"]}


@recipe("crm_personal_contacts")
def _contacts(company: Company) -> Iterator[Row]:
    for lead in company.rows["crm_leads"]:
        yield {
            "personal_key_id": lead["personal_key_id"],
            "lead_id": lead["id"],
            "original_lead_id": lead["id"],
            "contact_type": "email",
            "contact_value": lead["email"],
            "created_at": lead["created_at"],
        }


@recipe("crm_reengage_batches_stats")
def _statistics(company: Company) -> Iterator[Row]:
    for batch in company.rows["crm_reengaged_batches"]:
        contacted, conversions = company.rng.randint(20, 60), company.rng.randint(1, 10)
        revenue = Decimal(80 * conversions)
        yield {
            "batch_id": batch["id"],
            "contacted_count": contacted,
            "response_count": 2 * conversions,
            "conversion_count": conversions,
            "revenue_generated": revenue,
            "total_contacted": contacted,
            "total_responses": 2 * conversions,
            "total_conversions": conversions,
            "total_revenue": revenue,
            "response_rate": Decimal(200 * conversions / contacted).quantize(Decimal("0.01")),
            "conversion_rate": Decimal(100 * conversions / contacted).quantize(Decimal("0.01")),
            "avg_revenue_per_conversion": Decimal(80),
        }


@recipe("omnichannel_messages")
def _messages(company: Company) -> Iterator[Row]:
    """The customer writes, and somebody answers."""
    for conversation in company.rows["omnichannel_conversations"]:
        about = {"conversation_id": conversation["id"], "page_id": conversation["page_id"], "external_id": None}
        for _ in range(2):
            at = company.since(conversation["created_at"])
            asked = {"contact_id": conversation["contact_id"], "sender_type": "user", "admin_id": None}
            answered = {"contact_id": None, "sender_type": "admin", "admin_id": company.member()}
            for side in (asked, answered):
                message = company.rng.choice(words.SENTENCES)
                yield about | side | {"message": message, "created_at": at, "sent_at": at}


@afterwards("omnichannel_messages")
def _date_conversations(company: Company) -> None:
    newest: dict[str, datetime] = {}
    for message in company.rows["omnichannel_messages"]:
        conversation = message["conversation_id"]
        newest[conversation] = max(newest.get(conversation, message["sent_at"]), message["sent_at"])
    for row in company.rows["omnichannel_conversations"]:
        row["last_message_at"] = newest.get(row["id"])


@recipe("omnichannel_message_reactions")
def _reactions(company: Company) -> Iterator[Row]:
    for message in company.rows["omnichannel_messages"][:4]:
        yield {"message_id": message["id"], "contact_id": None, "admin_id": company.member(), "reaction": "+1"}


@recipe("sms_messages")
def _text_messages(company: Company) -> Iterator[Row]:
    numbers = {row["id"]: row["phone"] for row in company.rows["sms_contacts"]}
    ours = company.rows["sms_sender_phone_numbers"][0]["phone_number"]
    for conversation in company.rows["sms_conversations"]:
        theirs = numbers.get(conversation["contact_id"]) or phone(company.rng)
        for direction, pair in (("inbound", (theirs, ours)), ("outbound", (ours, theirs))) * 2:
            yield {
                "conversation_id": conversation["id"],
                "direction": direction,
                "status": "received" if direction == "inbound" else "delivered",
                "from_number": pair[0],
                "to_number": pair[1],
                "body": company.rng.choice(words.SENTENCES),
                "provider_message_sid": None,
                "created_at": company.since(conversation["created_at"]),
            }


@afterwards("sms_messages")
def _count_text_messages(company: Company) -> None:
    for conversation in company.rows["sms_conversations"]:
        sent = [row for row in company.rows["sms_messages"] if row["conversation_id"] == conversation["id"]]
        conversation["message_count"] = len(sent)
        conversation["last_message_at"] = max((row["created_at"] for row in sent), default=None)


@recipe("sms_contacts")
def _sms_contacts(company: Company) -> Iterator[Row]:
    for customer in company.rows["crm_customers"][:6]:
        name, number = person(company.rng), phone(company.rng)
        yield {"name": name, "phone": number, "customer_id": customer["id"], "created_at": customer["created_at"]}


@recipe("alert_keys")
def _alert_keys(company: Company) -> Iterator[Row]:
    for key, name in (("stock.low", "Stock is low"), ("stock.late", "Goods are late"), ("count.due", "Count is due")):
        yield {"key": key, "alert_name": name, "active": True, "created_at": company.founded}


@recipe("alerts")
def _alerts(company: Company) -> Iterator[Row]:
    for key in company.rows["alert_keys"]:
        for warehouse in company.rows["warehouses"][:2]:
            yield {"alert_key_id": key["id"], "entity_type": "warehouses", "entity_id": warehouse["id"]}


@recipe("channels_platforms")
def _platforms(company: Company) -> Iterator[Row]:
    for kind in ("facebook", "instagram", "email", "linkedin"):
        yield {"name": kind.capitalize(), "platform_type": kind, "created_at": company.founded}
