BEGIN
    UPDATE billing_accounts AS account
    SET entry_number = NEW.entry_number,
        balance_credits = NEW.balance_after,
        balance_amount = NEW.balance_amount_after
    WHERE account.tenant_id = NEW.tenant_id
        AND account.id = NEW.billing_account_id
        AND account.entry_number = NEW.entry_number - 1
        AND account.balance_credits + NEW.amount = NEW.balance_after
        AND account.balance_amount + NEW.money_amount = NEW.balance_amount_after;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'transaction % does not follow from billing account %', NEW.entry_number, NEW.billing_account_id
            USING ERRCODE = 'TC007', HINT = 'Credit is posted by adjust_credits().';
    END IF;
    RETURN NULL;
END
