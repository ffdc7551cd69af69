-- title: Unrotated access keys
-- question: Which active access keys are older than the limit?
-- columns: account, resource, status, severity, reason, user_name, slot, age_days, last_changed_ms, last_used_ms, last_used_service
WITH keys AS (
    SELECT
        c.account AS account,
        c.user_arn AS resource,
        CASE
            WHEN NOT c.active THEN 'PASS'
            WHEN c.user_name = '<root_account>' THEN 'FAIL'
            WHEN c.last_changed_ms IS NULL THEN 'UNKNOWN'
            WHEN p.as_of_ms - c.last_changed_ms > p.key_max_age_days * 86400000 THEN 'FAIL'
            ELSE 'PASS'
        END AS status,
        CASE
            WHEN c.user_name = '<root_account>' AND c.active THEN 'CRITICAL'
            ELSE 'MEDIUM'
        END AS severity,
        CASE
            WHEN NOT c.active THEN 'the key is disabled'
            WHEN c.user_name = '<root_account>' THEN 'the root user has an active access key'
            WHEN c.last_changed_ms IS NULL THEN 'the report does not say when the key was made'
            WHEN p.as_of_ms - c.last_changed_ms > p.key_max_age_days * 86400000 THEN 'the key is older than the limit'
            ELSE 'the key is younger than the limit'
        END AS reason,
        c.user_name AS user_name,
        c.slot AS slot,
        CAST(FLOOR((p.as_of_ms - c.last_changed_ms) / 86400000.0) AS BIGINT) AS age_days,
        c.last_changed_ms AS last_changed_ms,
        c.last_used_ms AS last_used_ms,
        c.last_used_service AS last_used_service
    FROM credentials AS c
    CROSS JOIN params AS p
    WHERE c.present
        AND (c.slot = 'access_key_1' OR c.slot = 'access_key_2')
),
missing AS (
    SELECT
        a.account AS account,
        a.account AS resource,
        'UNKNOWN' AS status,
        'MEDIUM' AS severity,
        'no credential report of this account was given' AS reason
    FROM accounts AS a
    WHERE a.owned AND NOT a.has_credential_report
),
both AS (
    SELECT account, resource, status, severity, reason, user_name, slot, age_days, last_changed_ms, last_used_ms, last_used_service
    FROM keys
    UNION ALL
    SELECT
        m.account AS account, m.resource AS resource, m.status AS status, m.severity AS severity, m.reason AS reason,
        n.no_text AS user_name, n.no_text AS slot, n.no_int AS age_days, n.no_int AS last_changed_ms, n.no_int AS last_used_ms,
        n.no_text AS last_used_service
    FROM missing AS m
    CROSS JOIN nulls AS n
)
SELECT account, resource, status, severity, reason, user_name, slot, age_days, last_changed_ms, last_used_ms, last_used_service
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, slot ASC NULLS LAST
