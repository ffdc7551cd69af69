-- title: Unused access keys
-- question: Which active access keys were not used for longer than the limit?
-- columns: account, resource, status, severity, reason, user_name, slot, access_key_id, idle_days, last_used_ms, last_used_service, made_ms, allowed_calls, denied_calls
-- A key that was never used is the question of key_never. The root user's keys are that of root_key.
WITH allowed AS (
    SELECT access_key_id, MAX(last_seen_ms) AS last_seen_ms, CAST(SUM(calls) AS BIGINT) AS calls
    FROM key_activity
    GROUP BY access_key_id
),
refused AS (
    SELECT access_key_id, CAST(SUM(denied_calls) AS BIGINT) AS calls
    FROM key_sources
    GROUP BY access_key_id
),
found AS (
    SELECT
        c.account AS account,
        c.user_arn AS user_arn,
        c.user_name AS user_name,
        c.slot AS slot,
        c.access_key_id AS access_key_id,
        c.active AS active,
        COALESCE(c.created_ms, c.last_changed_ms) AS made_ms,
        CASE WHEN c.last_used_ms IS NULL OR l.last_seen_ms > c.last_used_ms THEN l.last_seen_ms ELSE c.last_used_ms END AS last_used_ms,
        c.last_used_known AS last_used_known,
        c.last_used_service AS last_used_service,
        l.calls AS allowed_calls,
        d.calls AS denied_calls
    FROM credentials AS c
    LEFT JOIN allowed AS l ON c.access_key_id = l.access_key_id
    LEFT JOIN refused AS d ON c.access_key_id = d.access_key_id
    WHERE c.present AND c.user_name <> '<root_account>'
        AND (c.slot = 'access_key_1' OR c.slot = 'access_key_2')
),
told AS (
    SELECT
        a.account AS account,
        COALESCE(f.user_arn, f.user_name, a.account) AS resource,
        a.has_credential_report AS has_credential_report,
        f.user_name AS user_name,
        f.slot AS slot,
        f.access_key_id AS access_key_id,
        f.active AS active,
        f.made_ms AS made_ms,
        f.last_used_ms AS last_used_ms,
        f.last_used_known AS last_used_known,
        f.last_used_service AS last_used_service,
        f.allowed_calls AS allowed_calls,
        f.denied_calls AS denied_calls,
        p.as_of_ms AS as_of_ms,
        p.key_unused_days * 86400000 AS limit_ms
    FROM accounts AS a
    LEFT JOIN found AS f ON a.account = f.account
    CROSS JOIN params AS p
    WHERE a.owned
),
judged AS (
    SELECT
        account,
        resource,
        CASE
            WHEN NOT has_credential_report THEN 'not-given'
            WHEN slot IS NULL THEN 'none'
            WHEN NOT active THEN 'disabled'
            WHEN as_of_ms - last_used_ms <= limit_ms THEN 'used'
            WHEN last_used_ms IS NULL AND NOT last_used_known THEN 'untold'
            WHEN last_used_ms IS NULL THEN 'never'
            WHEN NOT last_used_known THEN 'untold'
            WHEN denied_calls > 0 THEN 'refused'
            ELSE 'idle'
        END AS verdict,
        user_name,
        slot,
        access_key_id,
        CAST(FLOOR((as_of_ms - last_used_ms) / 86400000.0) AS BIGINT) AS idle_days,
        last_used_ms,
        last_used_service,
        made_ms,
        allowed_calls,
        denied_calls
    FROM told
)
SELECT
    account,
    resource,
    CASE
        WHEN verdict = 'idle' OR verdict = 'refused' THEN 'FAIL'
        WHEN verdict = 'not-given' OR verdict = 'untold' THEN 'UNKNOWN'
        WHEN verdict = 'never' THEN 'NOT-APPLICABLE'
        ELSE 'PASS'
    END AS status,
    CASE WHEN verdict = 'refused' THEN 'HIGH' ELSE 'MEDIUM' END AS severity,
    CASE
        WHEN verdict = 'not-given' THEN 'no credential report of this account was given'
        WHEN verdict = 'none' THEN 'no user of this account has an access key'
        WHEN verdict = 'disabled' THEN 'the key is disabled'
        WHEN verdict = 'used' THEN 'used within the limit'
        WHEN verdict = 'untold' THEN 'the report does not tell when the key was last used'
        WHEN verdict = 'never' THEN 'never used: another control judges keys that were never used'
        WHEN verdict = 'refused' THEN 'not used for longer than the limit, but somebody tries it and is denied'
        ELSE 'not used for longer than the limit'
    END AS reason,
    user_name,
    slot,
    access_key_id,
    idle_days,
    last_used_ms,
    last_used_service,
    made_ms,
    allowed_calls,
    denied_calls
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, slot ASC NULLS LAST
