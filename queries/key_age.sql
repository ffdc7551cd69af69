-- title: Unrotated access keys
-- question: Which active access keys are older than the limit?
-- columns: account, resource, status, severity, reason, user_name, slot, access_key_id, age_days, made_ms, last_used_ms, last_used_service
-- The list of access keys tells when a key was made; the report tells when a slot last changed, which makes a key that
-- was switched off and on again look younger.
WITH dated AS (
    SELECT
        c.account AS account,
        COALESCE(c.user_arn, c.user_name, c.access_key_id) AS resource,
        c.user_name AS user_name,
        c.slot AS slot,
        c.access_key_id AS access_key_id,
        c.active AS active,
        COALESCE(c.created_ms, c.last_changed_ms) AS made_ms,
        c.last_used_ms AS last_used_ms,
        c.last_used_service AS last_used_service,
        p.as_of_ms AS as_of_ms,
        p.key_max_age_days * 86400000 AS limit_ms
    FROM credentials AS c
    CROSS JOIN params AS p
    WHERE c.present
        AND (c.slot = 'access_key_1' OR c.slot = 'access_key_2' OR c.slot = 'access_key')
),
keys AS (
    SELECT
        account,
        resource,
        CASE
            WHEN NOT active THEN 'PASS'
            WHEN active IS NULL THEN 'UNKNOWN'
            WHEN user_name = '<root_account>' THEN 'FAIL'
            WHEN made_ms IS NULL THEN 'UNKNOWN'
            WHEN as_of_ms - made_ms > limit_ms THEN 'FAIL'
            ELSE 'PASS'
        END AS status,
        CASE
            WHEN user_name = '<root_account>' AND active THEN 'CRITICAL'
            ELSE 'MEDIUM'
        END AS severity,
        CASE
            WHEN NOT active THEN 'the key is disabled'
            WHEN active IS NULL THEN 'no export says whether the key is active'
            WHEN user_name = '<root_account>' THEN 'the root user has an active access key'
            WHEN made_ms IS NULL THEN 'no export says when the key was made'
            WHEN as_of_ms - made_ms > limit_ms THEN 'the key is older than the limit'
            ELSE 'the key is younger than the limit'
        END AS reason,
        user_name,
        slot,
        access_key_id,
        CAST(FLOOR((as_of_ms - made_ms) / 86400000.0) AS BIGINT) AS age_days,
        made_ms,
        last_used_ms,
        last_used_service
    FROM dated
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
    SELECT account, resource, status, severity, reason, user_name, slot, access_key_id, age_days, made_ms, last_used_ms, last_used_service
    FROM keys
    UNION ALL
    SELECT
        m.account AS account, m.resource AS resource, m.status AS status, m.severity AS severity, m.reason AS reason,
        n.no_text AS user_name, n.no_text AS slot, n.no_text AS access_key_id, n.no_int AS age_days, n.no_int AS made_ms, n.no_int AS last_used_ms,
        n.no_text AS last_used_service
    FROM missing AS m
    CROSS JOIN nulls AS n
)
SELECT account, resource, status, severity, reason, user_name, slot, access_key_id, age_days, made_ms, last_used_ms, last_used_service
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, slot ASC NULLS LAST, access_key_id ASC NULLS LAST
