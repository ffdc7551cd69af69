-- title: Unused access keys and passwords
-- question: Which active credentials were not used for longer than the limit?
-- columns: account, resource, status, severity, reason, user_name, slot, idle_days, last_changed_ms, last_used_ms
WITH dated AS (
    SELECT
        c.account AS account,
        c.user_arn AS resource,
        c.user_name AS user_name,
        c.slot AS slot,
        c.last_changed_ms AS last_changed_ms,
        c.last_used_ms AS last_used_ms,
        c.last_used_known AS last_used_known,
        COALESCE(c.last_used_ms, c.last_changed_ms, c.user_created_ms) AS since_ms,
        p.as_of_ms AS as_of_ms,
        CASE WHEN c.slot = 'password' THEN p.password_unused_days ELSE p.key_unused_days END * 86400000 AS limit_ms
    FROM credentials AS c
    CROSS JOIN params AS p
    WHERE c.present AND c.active
        AND NOT (c.slot = 'password' AND c.user_name = '<root_account>')
        AND (c.slot = 'access_key_1' OR c.slot = 'access_key_2' OR c.slot = 'password')
),
judged AS (
    SELECT
        account, resource, user_name, slot, last_changed_ms, last_used_ms,
        CAST(FLOOR((as_of_ms - since_ms) / 86400000.0) AS BIGINT) AS idle_days,
        CASE
            WHEN last_used_ms IS NOT NULL AND as_of_ms - last_used_ms <= limit_ms THEN 'PASS'
            WHEN NOT last_used_known THEN 'UNKNOWN'
            WHEN since_ms IS NULL THEN 'UNKNOWN'
            WHEN last_used_ms IS NULL AND as_of_ms - since_ms <= limit_ms THEN 'UNKNOWN'
            ELSE 'FAIL'
        END AS status,
        'MEDIUM' AS severity,
        CASE
            WHEN last_used_ms IS NOT NULL AND as_of_ms - last_used_ms <= limit_ms THEN 'used within the limit'
            WHEN NOT last_used_known THEN 'the report does not know about use'
            WHEN since_ms IS NULL THEN 'the report has no date for it'
            WHEN last_used_ms IS NULL AND as_of_ms - since_ms <= limit_ms THEN 'never used, but younger than the limit'
            WHEN last_used_ms IS NULL THEN 'never used since it was made'
            ELSE 'not used for longer than the limit'
        END AS reason
    FROM dated
)
SELECT account, resource, status, severity, reason, user_name, slot, idle_days, last_changed_ms, last_used_ms
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, slot ASC NULLS LAST
