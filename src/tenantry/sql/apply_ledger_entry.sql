DECLARE
    expiring bigint;
BEGIN
    UPDATE user_token_wallets AS wallet
    SET entry_number = NEW.entry_number,
        current_tokens = NEW.balance_after,
        reserved_tokens = NEW.reserved_after,
        borrowed_tokens = NEW.borrowed_after,
        lifetime_tokens = NEW.lifetime_after
    WHERE wallet.tenant_id = NEW.tenant_id
        AND wallet.id = NEW.wallet_id
        AND wallet.user_id = NEW.user_id
        AND wallet.entry_number = NEW.entry_number - 1
        AND NEW.balance_after - NEW.borrowed_after = wallet.current_tokens - wallet.borrowed_tokens + CASE NEW.direction
            WHEN 'credit' THEN NEW.amount
            WHEN 'debit' THEN -NEW.amount
            WHEN 'adjustment' THEN NEW.amount
            ELSE 0
        END
        AND NEW.reserved_after = wallet.reserved_tokens + CASE NEW.direction
            WHEN 'reserve' THEN NEW.amount
            WHEN 'release' THEN -NEW.amount
            ELSE 0
        END
        AND NEW.lifetime_after = wallet.lifetime_tokens + CASE NEW.direction WHEN 'credit' THEN NEW.amount ELSE 0 END
    RETURNING wallet.expiring_tokens INTO expiring;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'entry % does not follow from wallet %', NEW.entry_number, NEW.wallet_id
            USING ERRCODE = 'TK007', HINT = 'Tokens are posted by functions such as adjust_user_tokens().';
    END IF;
    IF expiring > 0 OR NEW.expires_at IS NOT NULL THEN
        PERFORM account_for_lots(NEW);
    END IF;
    RETURN NULL;
END
