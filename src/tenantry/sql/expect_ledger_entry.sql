BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.entry_number, NEW.current_tokens, NEW.reserved_tokens, NEW.borrowed_tokens, NEW.lifetime_tokens)
            = (OLD.entry_number, OLD.current_tokens, OLD.reserved_tokens, OLD.borrowed_tokens, OLD.lifetime_tokens)
        THEN
            RETURN NEW;
        END IF;
        -- entries follow from one another, so the newest stands for all
        IF NEW.entry_number > OLD.entry_number THEN
            PERFORM
            FROM user_token_ledger AS entry
            WHERE entry.tenant_id = NEW.tenant_id
                AND entry.wallet_id = NEW.id
                AND entry.entry_number = NEW.entry_number
                AND entry.entry_number > 0
                AND entry.balance_after = NEW.current_tokens
                AND entry.reserved_after = NEW.reserved_tokens
                AND entry.borrowed_after = NEW.borrowed_tokens
                AND entry.lifetime_after = NEW.lifetime_tokens;
            IF FOUND THEN
                RETURN NEW;
            END IF;
        END IF;
    END IF;
    RAISE EXCEPTION 'wallet % changes only by an entry in its ledger', NEW.id
        USING ERRCODE = 'TK007', HINT = 'Tokens are posted by functions such as adjust_user_tokens().';
END
