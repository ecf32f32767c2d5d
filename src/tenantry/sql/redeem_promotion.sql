DECLARE
    promotion mkt_promotions;
    code mkt_promotion_codes;
BEGIN
    -- whoever comes second waits here for the first; the CHECKs of both tables know their limits
    UPDATE mkt_promotions AS known
    SET used_count = known.used_count + 1,
        revenue = known.revenue + coalesce(NEW.final_order_total, 0)
    WHERE known.tenant_id = NEW.tenant_id AND known.id = NEW.promotion_id
    RETURNING * INTO STRICT promotion;

    IF promotion.usage_limit_per_customer < (
        SELECT count(*)
        FROM mkt_promotion_redemptions AS redemption
        WHERE redemption.tenant_id = NEW.tenant_id
            AND redemption.promotion_id = NEW.promotion_id
            -- whoever is unknown is taken for one
            AND redemption.customer_id IS NOT DISTINCT FROM NEW.customer_id
    ) THEN
        RAISE EXCEPTION 'the customer has redeemed promotion "%" as often as anybody may', promotion.name
            USING ERRCODE = 'check_violation',
                DETAIL = format('The limit of each is %s.', promotion.usage_limit_per_customer),
                TABLE = TG_TABLE_NAME,
                CONSTRAINT = 'usage_limit_per_customer';
    END IF;

    IF NEW.code_id IS NOT NULL THEN
        UPDATE mkt_promotion_codes AS known
        SET used_count = known.used_count + 1,
            first_used_at = least(known.first_used_at, NEW.redeemed_at),
            last_used_at = greatest(known.last_used_at, NEW.redeemed_at)
        WHERE known.tenant_id = NEW.tenant_id AND known.id = NEW.code_id
        RETURNING * INTO STRICT code;

        IF code.promotion_id <> NEW.promotion_id
            OR code.status IN ('expired', 'revoked')
            OR code.expires_at <= NEW.redeemed_at
            OR NEW.customer_id IS DISTINCT FROM coalesce(code.assigned_to_customer_id, NEW.customer_id)
        THEN
            RAISE EXCEPTION 'code "%" does not redeem this promotion for this customer', code.code
                USING ERRCODE = 'check_violation',
                    HINT = 'It belongs to another promotion or customer, or is expired or revoked.',
                    TABLE = TG_TABLE_NAME,
                    CONSTRAINT = 'code';
        END IF;
    END IF;
    RETURN NULL;
END
