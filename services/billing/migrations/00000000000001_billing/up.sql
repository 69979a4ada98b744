-- Plans, prices and the ledger of credits.
--
-- One row of igny8_transfers is a balanced double entry: it takes from one wallet what it gives to another, so that no leg can be missing.
-- The rest is held here too, whatever the code does: no wallet below zero, nothing charged above its hold, one end for each hold, no
-- entry changed. Work is held (pending) before it begins and paid for (post) or given back (void) when it ends.

CREATE TABLE igny8_plans (
    -- As `free`.
    id text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    monthly_price_cents bigint NOT NULL,
    currency text NOT NULL,
    starting_credits bigint NOT NULL,
    max_sites bigint NOT NULL,
    max_users bigint NOT NULL,
    max_keywords bigint NOT NULL,
    max_running_jobs integer NOT NULL,
    -- What a new account is on.
    is_default boolean NOT NULL DEFAULT false,
    -- Can be chosen; accounts may still be on one that cannot.
    listed boolean NOT NULL DEFAULT true,
    CONSTRAINT igny8_plans_pkey PRIMARY KEY (id),
    CONSTRAINT igny8_plans_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT igny8_plans_monthly_price_cents_check CHECK (monthly_price_cents >= 0),
    CONSTRAINT igny8_plans_starting_credits_check CHECK (starting_credits >= 0),
    CONSTRAINT igny8_plans_limits_check CHECK (max_sites > 0 AND max_users > 0 AND max_keywords > 0 AND max_running_jobs > 0)
);
CREATE UNIQUE INDEX igny8_plans_is_default_key ON igny8_plans (is_default) WHERE is_default;
GRANT SELECT ON igny8_plans TO igny8_billing;
INSERT INTO igny8_plans VALUES
    ('free', 'Free', 'The whole pipeline for three sites, with credits to try it on real keywords.', 0, 'USD', 1000, 3, 3, 250000, 4, true);

-- One plan for each account. A payment provider keeps its own ids beside it.
CREATE TABLE igny8_subscriptions (
    account_id uuid NOT NULL,
    plan_id text NOT NULL,
    status text NOT NULL,
    provider text,
    provider_subscription_id text,
    started_at timestamptz NOT NULL DEFAULT now(),
    current_period_ends_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_subscriptions_pkey PRIMARY KEY (account_id),
    CONSTRAINT igny8_subscriptions_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES igny8_plans (id),
    CONSTRAINT igny8_subscriptions_status_check CHECK (status IN ('trialing', 'active', 'past_due', 'canceled')),
    CONSTRAINT igny8_subscriptions_provider_check CHECK ((provider IS NULL) = (provider_subscription_id IS NULL))
);
CALL app.secure('igny8_subscriptions');

-- `credits` for every begun `units` of an action.
CREATE TABLE igny8_prices (
    action text NOT NULL,
    tier text NOT NULL,
    credits bigint NOT NULL,
    units bigint NOT NULL,
    CONSTRAINT igny8_prices_pkey PRIMARY KEY (action, tier),
    CONSTRAINT igny8_prices_action_check CHECK (action IN ('clustering', 'ideas', 'content', 'image_prompts', 'image')),
    CONSTRAINT igny8_prices_tier_check CHECK (tier IN ('economy', 'standard', 'premium')),
    CONSTRAINT igny8_prices_credits_check CHECK (credits BETWEEN 0 AND 1000),
    CONSTRAINT igny8_prices_units_check CHECK (units > 0)
);
GRANT SELECT ON igny8_prices TO igny8_billing;
INSERT INTO igny8_prices (action, tier, credits, units) VALUES
    ('clustering', 'economy', 1, 1000), ('clustering', 'standard', 2, 1000), ('clustering', 'premium', 5, 1000),
    ('ideas', 'economy', 1, 2), ('ideas', 'standard', 1, 1), ('ideas', 'premium', 3, 1),
    ('content', 'economy', 1, 200), ('content', 'standard', 1, 100), ('content', 'premium', 4, 100),
    ('image_prompts', 'economy', 1, 5), ('image_prompts', 'standard', 1, 2), ('image_prompts', 'premium', 1, 1),
    ('image', 'economy', 2, 1), ('image', 'standard', 5, 1), ('image', 'premium', 12, 1);

-- The account's wallet, whose id is the account's, and the other side of every entry. The other side keeps no balance: it is summed
-- when the ledger is proved.
CREATE TABLE igny8_wallets (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    posted bigint NOT NULL DEFAULT 0,
    pending bigint NOT NULL DEFAULT 0,
    -- When the account ended: nothing more can be held.
    closed_at timestamptz,
    CONSTRAINT igny8_wallets_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_wallets_kind_check CHECK (kind IN ('wallet', 'platform')),
    CONSTRAINT igny8_wallets_id_check CHECK ((kind = 'wallet') = (id = account_id)),
    CONSTRAINT igny8_wallets_platform_check CHECK (kind = 'wallet' OR (posted = 0 AND pending = 0)),
    CONSTRAINT igny8_wallets_pending_check CHECK (pending >= 0),
    CONSTRAINT igny8_wallets_available_check CHECK (posted - pending >= 0)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
CALL app.secure('igny8_wallets');
CALL app.open_to_system('igny8_wallets', readable => '{account_id,id,kind,posted,pending,closed_at}');
REVOKE INSERT, UPDATE, DELETE ON igny8_wallets FROM igny8_billing;
GRANT INSERT (account_id, id, kind), UPDATE (closed_at) ON igny8_wallets TO igny8_billing;

-- What a hold is for, and how it ended.
CREATE TABLE igny8_reservations (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    action text NOT NULL,
    tier text NOT NULL,
    units bigint NOT NULL,
    credits bigint NOT NULL,
    site_id uuid,
    user_id uuid,
    api_key_id uuid,
    job_id uuid NOT NULL,
    deadline_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'held',
    charge bigint,
    -- When the owner of the job is asked for it, in case that its event never came.
    next_check_at timestamptz NOT NULL,
    checks integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- The day that it counts for, also where it is resolved on a later one.
    day date GENERATED ALWAYS AS ((created_at AT TIME ZONE 'UTC')::date) STORED NOT NULL,
    resolved_at timestamptz,
    CONSTRAINT igny8_reservations_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_reservations_account_id_job_id_key UNIQUE (account_id, job_id),
    CONSTRAINT igny8_reservations_action_check CHECK (action IN ('clustering', 'ideas', 'content', 'image_prompts', 'image')),
    CONSTRAINT igny8_reservations_tier_check CHECK (tier IN ('economy', 'standard', 'premium')),
    CONSTRAINT igny8_reservations_credits_check CHECK (credits > 0),
    CONSTRAINT igny8_reservations_state_check CHECK (state IN ('held', 'settled', 'released')),
    CONSTRAINT igny8_reservations_resolved_at_check CHECK ((state = 'held') = (resolved_at IS NULL)),
    CONSTRAINT igny8_reservations_charge_check CHECK (
        CASE state WHEN 'held' THEN charge IS NULL WHEN 'settled' THEN charge BETWEEN 1 AND credits ELSE charge = 0 END)
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX igny8_reservations_next_check_at_idx ON igny8_reservations (next_check_at) WHERE state = 'held';
CREATE INDEX igny8_reservations_account_id_created_at_idx ON igny8_reservations (account_id, created_at);
CALL app.secure('igny8_reservations', site_column => 'site_id');
CALL app.open_to_system('igny8_reservations',
    readable => '{account_id,id,job_id,credits,state,charge,deadline_at,next_check_at,checks}', writable => '{next_check_at,checks}');
REVOKE UPDATE, DELETE ON igny8_reservations FROM igny8_billing;
-- Who and where is forgotten when the account ends.
GRANT UPDATE (site_id, user_id, api_key_id) ON igny8_reservations TO igny8_billing;

CREATE TABLE igny8_transfers (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    op text GENERATED ALWAYS AS
        (CASE kind WHEN 'held' THEN 'pending' WHEN 'spent' THEN 'post' WHEN 'released' THEN 'void' ELSE 'direct' END) STORED NOT NULL,
    debit uuid NOT NULL,
    credit uuid NOT NULL,
    amount bigint NOT NULL,
    pending_id uuid,
    pending_amount bigint,
    pending_op text GENERATED ALWAYS AS (CASE WHEN kind IN ('spent', 'released') THEN 'pending' END) STORED,
    reservation_id uuid GENERATED ALWAYS AS
        (CASE kind WHEN 'held' THEN id WHEN 'spent' THEN pending_id WHEN 'released' THEN pending_id END) STORED,
    -- Why, where staff did it.
    note text NOT NULL DEFAULT '',
    made_by uuid,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT igny8_transfers_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_transfers_account_id_id_op_debit_credit_amount_key UNIQUE (account_id, id, op, debit, credit, amount),
    CONSTRAINT igny8_transfers_kind_check CHECK (kind IN ('starting', 'adjustment', 'held', 'spent', 'released')),
    CONSTRAINT igny8_transfers_amount_check CHECK (amount > 0),
    CONSTRAINT igny8_transfers_sides_check CHECK ((debit = account_id) <> (credit = account_id)),
    CONSTRAINT igny8_transfers_work_check CHECK (kind NOT IN ('held', 'spent', 'released') OR debit = account_id),
    CONSTRAINT igny8_transfers_pending_id_check CHECK ((kind IN ('spent', 'released')) = (pending_id IS NOT NULL)),
    CONSTRAINT igny8_transfers_pending_amount_check CHECK ((pending_id IS NULL) = (pending_amount IS NULL)),
    CONSTRAINT igny8_transfers_released_check CHECK (kind <> 'released' OR amount = pending_amount),
    CONSTRAINT igny8_transfers_spent_check CHECK (kind <> 'spent' OR amount <= pending_amount),
    CONSTRAINT igny8_transfers_account_id_debit_fkey FOREIGN KEY (account_id, debit) REFERENCES igny8_wallets (account_id, id),
    CONSTRAINT igny8_transfers_account_id_credit_fkey FOREIGN KEY (account_id, credit) REFERENCES igny8_wallets (account_id, id),
    CONSTRAINT igny8_transfers_reservation_id_fkey FOREIGN KEY (account_id, reservation_id)
        REFERENCES igny8_reservations (account_id, id),
    -- The end of a hold points at a hold, with the same sides and the amount that was held.
    CONSTRAINT igny8_transfers_pending_id_fkey FOREIGN KEY (account_id, pending_id, pending_op, debit, credit, pending_amount)
        REFERENCES igny8_transfers (account_id, id, op, debit, credit, amount)
);
CREATE UNIQUE INDEX igny8_transfers_account_id_pending_id_key ON igny8_transfers (account_id, pending_id) WHERE pending_id IS NOT NULL;
CREATE INDEX igny8_transfers_account_id_created_at_idx ON igny8_transfers (account_id, created_at);
CALL app.secure('igny8_transfers');
CALL app.open_to_system('igny8_transfers', readable => '{account_id,id,kind,op,debit,credit,amount,pending_id,pending_amount,created_at}');
REVOKE UPDATE, DELETE ON igny8_transfers FROM igny8_billing;
CREATE TRIGGER igny8_transfers_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON igny8_transfers
    FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change();

-- Sums by day (UTC), action, site and API key: what caps are held against and what people see of their usage.
CREATE TABLE igny8_usage_logs (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    day date NOT NULL,
    action text NOT NULL,
    site_id uuid,
    api_key_id uuid,
    held bigint NOT NULL DEFAULT 0,
    spent bigint NOT NULL DEFAULT 0,
    jobs bigint NOT NULL DEFAULT 0,
    CONSTRAINT igny8_usage_logs_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_usage_logs_account_id_day_action_site_id_api_key_id_key
        UNIQUE NULLS NOT DISTINCT (account_id, day, action, site_id, api_key_id),
    CONSTRAINT igny8_usage_logs_held_check CHECK (held >= 0)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
CALL app.secure('igny8_usage_logs', site_column => 'site_id');
REVOKE INSERT, UPDATE ON igny8_usage_logs FROM igny8_billing;

CREATE TABLE igny8_spending_caps (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    scope text NOT NULL,
    -- The site or API key; null for the account.
    subject_id uuid,
    daily_credits bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_spending_caps_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_spending_caps_account_id_scope_subject_id_key UNIQUE NULLS NOT DISTINCT (account_id, scope, subject_id),
    CONSTRAINT igny8_spending_caps_scope_check CHECK (scope IN ('account', 'site', 'api_key')),
    CONSTRAINT igny8_spending_caps_subject_id_check CHECK ((scope = 'account') = (subject_id IS NULL)),
    CONSTRAINT igny8_spending_caps_daily_credits_check CHECK (daily_credits >= 0)
);
CALL app.secure('igny8_spending_caps');

-- The caps that API keys have in auth, copied from its events. One of a key that has none, or that ended, stays as a row without credits,
-- so that an older event does not bring it back.
CREATE TABLE igny8_api_key_cap_copies (
    account_id uuid NOT NULL,
    api_key_id uuid NOT NULL,
    daily_credits bigint,
    changed_at timestamptz NOT NULL,
    CONSTRAINT igny8_api_key_cap_copies_pkey PRIMARY KEY (account_id, api_key_id),
    CONSTRAINT igny8_api_key_cap_copies_daily_credits_check CHECK (daily_credits >= 0)
);
CALL app.secure('igny8_api_key_cap_copies');

-- The only hand on balances, and on the state of holds. It runs as the owner, whom row-level security binds like anybody: without these
-- policies it would change nothing and say nothing.
CREATE POLICY ledger ON igny8_wallets TO igny8_billing_owner USING (account_id = (SELECT app.account()));
CREATE POLICY ledger ON igny8_reservations TO igny8_billing_owner USING (account_id = (SELECT app.account()));
CREATE POLICY ledger ON igny8_usage_logs TO igny8_billing_owner USING (account_id = (SELECT app.account()));

CREATE FUNCTION app.apply_transfer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    moved public.igny8_wallets;
    work public.igny8_reservations;
    ended timestamptz := clock_timestamp();
BEGIN
    -- First the wallet: its lock is what lets one transfer of an account follow the other.
    UPDATE public.igny8_wallets SET
        posted = posted + CASE NEW.op
            WHEN 'post' THEN -NEW.amount
            WHEN 'direct' THEN CASE WHEN NEW.credit = NEW.account_id THEN NEW.amount ELSE -NEW.amount END
            ELSE 0 END,
        pending = pending + CASE WHEN NEW.op = 'pending' THEN NEW.amount ELSE -coalesce(NEW.pending_amount, 0) END
    WHERE account_id = NEW.account_id AND id = NEW.account_id
    RETURNING * INTO moved;
    IF moved.id IS NULL THEN
        RAISE EXCEPTION 'transfer % moves no wallet', NEW.id;
    END IF;
    IF NEW.op = 'direct' THEN
        RETURN NULL;
    END IF;

    IF NEW.op = 'pending' THEN
        SELECT * INTO work FROM public.igny8_reservations
        WHERE account_id = NEW.account_id AND id = NEW.id AND credits = NEW.amount AND state = 'held';
    ELSE
        UPDATE public.igny8_reservations SET
            state = CASE NEW.op WHEN 'post' THEN 'settled' ELSE 'released' END,
            charge = CASE NEW.op WHEN 'post' THEN NEW.amount ELSE 0 END,
            resolved_at = ended
        WHERE account_id = NEW.account_id AND id = NEW.pending_id AND credits = NEW.pending_amount AND state = 'held'
        RETURNING * INTO work;
    END IF;
    IF work.id IS NULL THEN
        RAISE EXCEPTION 'transfer % moves no reservation', NEW.id;
    END IF;

    IF NEW.op = 'pending' THEN
        INSERT INTO public.igny8_usage_logs AS log (account_id, id, day, action, site_id, api_key_id, held)
        VALUES (NEW.account_id, pg_catalog.gen_random_uuid(), work.day, work.action, work.site_id, work.api_key_id, NEW.amount)
        ON CONFLICT ON CONSTRAINT igny8_usage_logs_account_id_day_action_site_id_api_key_id_key
        DO UPDATE SET held = log.held + EXCLUDED.held;
    ELSE
        UPDATE public.igny8_usage_logs SET
            held = held - NEW.pending_amount,
            spent = spent + CASE NEW.op WHEN 'post' THEN NEW.amount ELSE 0 END,
            jobs = jobs + CASE NEW.op WHEN 'post' THEN 1 ELSE 0 END
        WHERE account_id = NEW.account_id AND day = work.day AND action = work.action
          AND site_id IS NOT DISTINCT FROM work.site_id AND api_key_id IS NOT DISTINCT FROM work.api_key_id;
        -- An account that ended has no usage any more, but holds may still end.
        IF NOT FOUND AND moved.closed_at IS NULL THEN
            RAISE EXCEPTION 'transfer % moves no usage', NEW.id;
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER igny8_transfers_apply AFTER INSERT ON igny8_transfers FOR EACH ROW EXECUTE FUNCTION app.apply_transfer();

-- The other side of every entry.
CREATE FUNCTION app.platform() RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '00000000-0000-7000-8000-000000000002'::uuid
$$;

CREATE FUNCTION app.price(for_action text, for_tier text, for_units bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT (for_units + units - 1) / units * credits FROM igny8_prices WHERE action = for_action AND tier = for_tier
$$;

-- The caps that work for this site and by this API key would count for on a day, and what is spent or held of each. `api_key_itself` is
-- the one that the key has in auth.
CREATE FUNCTION app.spending(on_day date, for_site uuid, by_api_key uuid)
RETURNS TABLE (scope text, daily_credits bigint, used bigint) LANGUAGE sql STABLE AS $$
    SELECT cap.scope, cap.daily_credits, (
        SELECT coalesce(sum(log.held + log.spent), 0)::bigint FROM igny8_usage_logs log
        WHERE log.account_id = cap.account_id AND log.day = on_day
          AND CASE cap.scope WHEN 'site' THEN log.site_id = cap.subject_id WHEN 'api_key' THEN log.api_key_id = cap.subject_id ELSE true END)
    FROM igny8_spending_caps cap
    WHERE cap.account_id = (SELECT app.account())
      AND CASE cap.scope WHEN 'site' THEN cap.subject_id = for_site WHEN 'api_key' THEN cap.subject_id = by_api_key ELSE true END
    UNION ALL
    SELECT 'api_key_itself', copy.daily_credits, (
        SELECT coalesce(sum(log.held + log.spent), 0)::bigint FROM igny8_usage_logs log
        WHERE log.account_id = copy.account_id AND log.day = on_day AND log.api_key_id = copy.api_key_id)
    FROM igny8_api_key_cap_copies copy
    WHERE copy.account_id = (SELECT app.account()) AND copy.api_key_id = by_api_key AND copy.daily_credits IS NOT NULL
$$;

CREATE FUNCTION app.today() RETURNS date LANGUAGE sql STABLE AS $$ SELECT (now() AT TIME ZONE 'UTC')::date $$;

-- Wallet, subscription and starting credits of a new account. Whoever comes first makes them; `start` is the same id for all who come.
CREATE FUNCTION app.open_account(start uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    plan igny8_plans;
BEGIN
    INSERT INTO igny8_wallets (account_id, id, kind)
    VALUES (app.account(), app.account(), 'wallet'), (app.account(), app.platform(), 'platform')
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO STRICT plan FROM igny8_plans WHERE is_default;
    INSERT INTO igny8_subscriptions (account_id, plan_id, status) VALUES (app.account(), plan.id, 'active') ON CONFLICT DO NOTHING;
    IF plan.starting_credits > 0 THEN
        INSERT INTO igny8_transfers (account_id, id, kind, debit, credit, amount)
        VALUES (app.account(), start, 'starting', app.platform(), app.account(), plan.starting_credits)
        ON CONFLICT DO NOTHING;
    END IF;
END $$;

-- Holds credits, all in one statement of the client. Outcomes: `held`; `free`, `replayed`: nothing was done, and the answer is the same as
-- the first time; `mismatch`, `unpriced`, `closed`, `short`, `capped`: refused, and the client rolls back.
CREATE FUNCTION app.reserve(reservation uuid, action text, tier text, units bigint, site uuid, by_user uuid, api_key uuid, job uuid,
    deadline timestamptz, start uuid,
    OUT outcome text, OUT credits bigint, OUT available bigint, OUT allowed bigint, OUT state text, OUT charge bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    wallet igny8_wallets;
    work igny8_reservations;
BEGIN
    reserve.credits := app.price(reserve.action, reserve.tier, reserve.units);
    IF reserve.credits IS NULL THEN
        outcome := 'unpriced';
        RETURN;
    ELSIF reserve.credits = 0 THEN
        outcome := 'free';
        RETURN;
    END IF;
    PERFORM app.open_account(start) WHERE NOT EXISTS (SELECT FROM igny8_wallets WHERE account_id = app.account() AND id = app.account());

    INSERT INTO igny8_reservations
        (account_id, id, action, tier, units, credits, site_id, user_id, api_key_id, job_id, deadline_at, next_check_at)
    VALUES (app.account(), reservation, reserve.action, reserve.tier, reserve.units, reserve.credits, site, by_user, api_key, job,
        deadline, greatest(deadline, now()) + interval '1 minute')
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        SELECT * INTO work FROM igny8_reservations WHERE account_id = app.account() AND id = reservation;
        outcome := CASE WHEN (work.action, work.tier, work.units, work.job_id) = (reserve.action, reserve.tier, reserve.units, job)
                         AND work.site_id IS NOT DISTINCT FROM site AND work.api_key_id IS NOT DISTINCT FROM api_key
                        THEN 'replayed' ELSE 'mismatch' END;
        reserve.credits := work.credits;
        reserve.state := work.state;
        reserve.charge := work.charge;
        RETURN;
    END IF;

    SELECT * INTO STRICT wallet FROM igny8_wallets WHERE account_id = app.account() AND id = app.account();
    available := wallet.posted - wallet.pending;
    IF wallet.closed_at IS NOT NULL THEN
        outcome := 'closed';
        RETURN;
    ELSIF available < reserve.credits THEN
        -- Read without a lock, for a sentence with figures; the constraint on the wallet decides.
        outcome := 'short';
        RETURN;
    END IF;
    INSERT INTO igny8_transfers (account_id, id, kind, debit, credit, amount)
    VALUES (app.account(), reservation, 'held', app.account(), app.platform(), reserve.credits);

    -- The wallet is locked by now: of two holds that fit under a cap one by one, the second sees the first.
    SELECT min(greatest(s.daily_credits - (s.used - reserve.credits), 0)) INTO allowed
    FROM app.spending(app.today(), site, api_key) s WHERE s.used > s.daily_credits;
    outcome := CASE WHEN allowed IS NULL THEN 'held' ELSE 'capped' END;
    reserve.state := 'held';
END $$;

-- Ends a hold: paid for at `charge`, never above what is held, or given back where the charge is 0. Answers the hold as it is then, also
-- where it had ended before; nothing where there is none.
CREATE FUNCTION app.resolve(reservation uuid, charge bigint, resolution uuid) RETURNS SETOF igny8_reservations LANGUAGE plpgsql AS $$
DECLARE
    work igny8_reservations;
BEGIN
    SELECT * INTO work FROM igny8_reservations r WHERE r.account_id = app.account() AND r.id = resolve.reservation;
    IF work.state = 'held' THEN
        INSERT INTO igny8_transfers (account_id, id, kind, debit, credit, amount, pending_id, pending_amount)
        VALUES (app.account(), resolution, CASE resolve.charge WHEN 0 THEN 'released' ELSE 'spent' END, app.account(), app.platform(),
            CASE resolve.charge WHEN 0 THEN work.credits ELSE least(resolve.charge, work.credits) END, work.id, work.credits)
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN QUERY SELECT * FROM igny8_reservations r WHERE r.account_id = app.account() AND r.id = resolve.reservation;
END $$;

-- The log ends with its account.
CALL app.open_to_system('igny8_audit_log', readable => '{account_id}');
GRANT DELETE ON igny8_audit_log TO igny8_billing_system;
CREATE POLICY closed ON igny8_audit_log AS RESTRICTIVE FOR DELETE TO igny8_billing_system
    USING (account_id IN (SELECT account_id FROM igny8_wallets WHERE closed_at IS NOT NULL));
