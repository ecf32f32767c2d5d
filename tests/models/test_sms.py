"""SMS: numbers are numbers, credentials are the admins', and what a provider reports twice is there once."""

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from tests.models.office import hired
from tests.models.shop import CHECK, CONNECTIONS, FORBIDDEN, UNIQUE, Shop, name, open_shop, refused

from tenantry.models.sms import (
    SmsAttachment,
    SmsContact,
    SmsConversation,
    SmsDirection,
    SmsMessage,
    SmsSenderAccount,
    SmsSenderPhoneNumber,
)

__all__ = ["open_shop"]

pytestmark = pytest.mark.xdist_group("shop")


@pytest.fixture(scope="module")
def office(shop: Shop) -> Shop:
    return hired(shop, "admin")


@pytest.fixture(scope="module")
def account(office: Shop) -> SmsSenderAccount:
    made = SmsSenderAccount(account_name="Main", provider="twilio", account_sid=name())
    office.add(made)
    return made


def test_members_use_numbers_without_seeing_the_account(shop: Shop, office: Shop, account: SmsSenderAccount) -> None:
    number = SmsSenderPhoneNumber(account_id=account.id, phone_number="+15005550006")
    office.add(number)
    with shop.at_work() as session:
        assert session.scalars(select(SmsSenderAccount)).all() == []
        assert session.scalars(select(SmsSenderPhoneNumber.phone_number)).all() == ["+15005550006"]
        session.add(SmsSenderPhoneNumber(account_id=account.id, phone_number="+15005550007"))
        with refused(FORBIDDEN):
            session.flush()
    shop.add(
        SmsMessage(
            direction=SmsDirection.OUTBOUND,
            from_number=number.phone_number,
            to_number="+15005550009",
            sender_phone_number_id=number.id,
        )
    )


@pytest.mark.parametrize("wrong", ["5005550006", "+05005550006", "+1 500 555", "+1", "+12345678901234567"])
def test_a_number_is_a_number(shop: Shop, office: Shop, account: SmsSenderAccount, wrong: str) -> None:
    with refused(CHECK):
        office.add(SmsSenderPhoneNumber(account_id=account.id, phone_number=wrong))
    with refused(CHECK):
        shop.add(SmsContact(phone=wrong))


def test_an_account_has_one_primary_number(office: Shop, account: SmsSenderAccount) -> None:
    primary = {"account_id": account.id, "is_primary": True}
    office.add(SmsSenderPhoneNumber(phone_number="+15005550010", **primary))
    office.add(SmsSenderPhoneNumber(phone_number="+15005550011", account_id=account.id))
    with refused(UNIQUE):
        office.add(SmsSenderPhoneNumber(phone_number="+15005550012", **primary))


def test_a_message_that_is_reported_more_than_once_is_there_once(shop: Shop) -> None:
    sid = name()

    def report(session: Session, _: int) -> None:
        session.add(
            SmsMessage(
                direction=SmsDirection.INBOUND,
                from_number="+15005550009",
                to_number="+15005550006",
                provider="twilio",
                provider_message_sid=sid,
            )
        )

    assert sorted(shop.at_once(report), key=str) == [UNIQUE] * (CONNECTIONS - 1) + [None]


def test_a_conversation_goes_with_its_messages_and_a_contact_without(shop: Shop) -> None:
    contact = SmsContact(name="Somebody")
    shop.add(contact)
    conversation = SmsConversation(contact_id=contact.id)
    shop.add(conversation)
    message = SmsMessage(
        conversation_id=conversation.id, direction=SmsDirection.INBOUND, from_number="INFO", to_number="+15005550006"
    )
    shop.add(message)
    shop.add(SmsAttachment(message_id=message.id, file_name="picture.png"))
    with shop.at_work() as session:
        session.execute(delete(SmsContact).where(SmsContact.id == contact.id))
        kept = select(SmsConversation.contact_id).where(SmsConversation.id == conversation.id)
        assert session.scalars(kept).all() == [None]
        session.execute(delete(SmsConversation).where(SmsConversation.id == conversation.id))
        assert session.scalars(select(SmsAttachment.id).where(SmsAttachment.message_id == message.id)).all() == []
