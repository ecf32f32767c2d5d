BEGIN
    IF TG_OP = 'INSERT' OR NEW.entry_number <> OLD.entry_number + 1 OR NOT EXISTS (
        SELECT
        FROM credit_transactions AS entry
        WHERE entry.tenant_id = NEW.tenant_id
            AND entry.billing_account_id = NEW.id
            AND entry.entry_number = NEW.entry_number
            AND entry.entry_number > 0
            AND entry.balance_after = NEW.balance_credits
            AND entry.balance_amount_after = NEW.balance_amount
    ) THEN
        RAISE EXCEPTION 'the balance of billing account % changes only by a transaction', NEW.id
            USING ERRCODE = 'TC007', HINT = 'Credit is posted by adjust_credits().';
    END IF;
    RETURN NEW;
END
