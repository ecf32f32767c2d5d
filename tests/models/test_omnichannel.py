"""Omnichannel: a message comes in once, however often it is delivered, and goes with its conversation."""

import uuid

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session, selectinload
from tests.models.office import hired
from tests.models.shop import CHECK, CONNECTIONS, UNIQUE, Shop, name, open_shop, refused

from tenantry.models.channels import Platform, PlatformPage, PlatformType
from tenantry.models.crm import PersonalKey
from tenantry.models.omnichannel import (
    ContactIntegration,
    OmnichannelContact,
    OmnichannelConversation,
    OmnichannelMessage,
    OmnichannelMessageAttachment,
    OmnichannelMessageReaction,
    SenderType,
)

__all__ = ["open_shop"]

pytestmark = pytest.mark.xdist_group("shop")


@pytest.fixture(scope="module")
def page(shop: Shop) -> uuid.UUID:
    with hired(shop).at_work() as session:
        page = PlatformPage(name="Shop", platform=Platform(name="Zalo", platform_type=PlatformType.ZALO))
        session.add(page)
        session.commit()
        return page.id


def new_contact(shop: Shop) -> OmnichannelContact:
    person = PersonalKey(external_key=name())
    shop.add(person)
    contact = OmnichannelContact(personal_key_id=person.id, integration_via=ContactIntegration.ZALO)
    shop.add(contact)
    return contact


def new_message(shop: Shop, contact: OmnichannelContact) -> OmnichannelMessage:
    conversation = OmnichannelConversation(contact_id=contact.id)
    shop.add(conversation)
    message = OmnichannelMessage(conversation_id=conversation.id, sender_type=SenderType.USER, message="Hello")
    shop.add(message)
    return message


def test_a_contact_is_known_once_also_where_the_integration_says_little(shop: Shop) -> None:
    contact = new_contact(shop)
    with refused(UNIQUE):
        shop.add(OmnichannelContact(personal_key_id=contact.personal_key_id, integration_via=ContactIntegration.ZALO))
    shop.add(OmnichannelContact(personal_key_id=contact.personal_key_id, integration_via=ContactIntegration.META))


def test_a_message_that_is_delivered_more_than_once_comes_in_once(shop: Shop, page: uuid.UUID) -> None:
    conversation = OmnichannelConversation(page_id=page, external_id=name())
    shop.add(conversation)
    external_id = name()

    def deliver(session: Session, _: int) -> None:
        session.add(
            OmnichannelMessage(
                conversation_id=conversation.id, page_id=page, external_id=external_id, sender_type=SenderType.USER
            )
        )

    assert sorted(shop.at_once(deliver), key=str) == [UNIQUE] * (CONNECTIONS - 1) + [None]


def test_a_conversation_goes_with_all_that_was_said(shop: Shop) -> None:
    contact = new_contact(shop)
    message = new_message(shop, contact)
    shop.add(
        OmnichannelMessageAttachment(message_id=message.id, url="https://example.com/picture"),
        OmnichannelMessageReaction(message_id=message.id, contact_id=contact.id, reaction="heart"),
    )
    with shop.at_work() as session:
        found = session.scalars(
            select(OmnichannelConversation)
            .where(OmnichannelConversation.id == message.conversation_id)
            .options(selectinload(OmnichannelConversation.messages).selectinload(OmnichannelMessage.reactions))
        ).one()
        assert [reaction.reaction for reaction in found.messages[0].reactions] == ["heart"]
        session.execute(delete(OmnichannelConversation).where(OmnichannelConversation.id == found.id))
        for model in (OmnichannelMessageAttachment, OmnichannelMessageReaction):
            assert session.scalars(select(model.id).where(model.message_id == message.id)).all() == []
        assert session.scalars(select(OmnichannelContact.id).where(OmnichannelContact.id == contact.id)).all()


def test_a_reaction_is_somebodys_and_comes_once(shop: Shop) -> None:
    contact = new_contact(shop)
    message = new_message(shop, contact)
    member = shop.seller.member
    shop.add(OmnichannelMessageReaction(message_id=message.id, contact_id=contact.id, reaction="like"))
    shop.add(OmnichannelMessageReaction(message_id=message.id, admin_id=member, reaction="like"))
    with refused(UNIQUE):
        shop.add(OmnichannelMessageReaction(message_id=message.id, admin_id=member, reaction="like"))
    for nobody in ({}, {"contact_id": contact.id, "admin_id": member}):
        with refused(CHECK):
            shop.add(OmnichannelMessageReaction(message_id=message.id, reaction="sad", **nobody))


def test_only_a_members_message_names_the_member(shop: Shop) -> None:
    conversation = OmnichannelConversation()
    shop.add(conversation)
    answer = {"conversation_id": conversation.id, "admin_id": shop.seller.member}
    shop.add(OmnichannelMessage(sender_type=SenderType.ADMIN, **answer))
    with refused(CHECK):
        shop.add(OmnichannelMessage(sender_type=SenderType.USER, **answer))
