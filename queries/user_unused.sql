-- title: Unused users
-- question: Which users neither signed in nor called anything for longer than the limit?
-- columns: account, resource, status, severity, reason, user_name, created_ms, last_seen_ms, last_used_ms, last_used_slot, active_credentials, denied_calls
-- Where the logs do not cover the limit, the credential report's word counts, as of the day of the report.
WITH slots AS (
    SELECT user_arn, slot, active, last_used_ms, last_used_known
    FROM credentials
    WHERE slot = 'access_key_1' OR slot = 'access_key_2' OR slot = 'password'
),
credential_use AS (
    SELECT
        user_arn,
        MAX(last_used_ms) AS last_used_ms,
        CAST(SUM(CASE WHEN active THEN 1 ELSE 0 END) AS BIGINT) AS active_credentials,
        CAST(SUM(CASE WHEN active AND NOT last_used_known THEN 1 ELSE 0 END) AS BIGINT) AS untold
    FROM slots
    GROUP BY user_arn
),
last_slots AS (
    SELECT s.user_arn AS user_arn, MIN(s.slot) AS last_used_slot
    FROM slots AS s
    JOIN credential_use AS k ON s.user_arn = k.user_arn AND s.last_used_ms = k.last_used_ms
    GROUP BY s.user_arn
),
judged AS (
    SELECT
        u.account AS account,
        u.arn AS resource,
        u.name AS user_name,
        u.created_ms AS created_ms,
        a.last_allowed_ms AS last_seen_ms,
        k.last_used_ms AS last_used_ms,
        s.last_used_slot AS last_used_slot,
        k.active_credentials AS active_credentials,
        a.denied_calls AS denied_calls,
        CASE WHEN k.user_arn IS NULL OR k.untold > 0 THEN 0 ELSE 1 END AS told,
        p.as_of_ms - p.user_unused_days * 86400000 AS cutoff_ms,
        o.credential_report_ms - p.user_unused_days * 86400000 AS told_cutoff_ms,
        CASE WHEN c.complete AND p.window_days >= p.user_unused_days THEN 1 ELSE 0 END AS covered
    FROM principals AS u
    LEFT JOIN activity AS a ON u.principal_key = a.principal_key
    LEFT JOIN credential_use AS k ON u.arn = k.user_arn
    LEFT JOIN last_slots AS s ON u.arn = s.user_arn
    LEFT JOIN coverage_summary AS c ON u.account = c.account
    LEFT JOIN accounts AS o ON u.account = o.account
    CROSS JOIN params AS p
    WHERE u.kind = 'user'
),
both AS (
    SELECT
        account,
        resource,
        CASE
            WHEN last_seen_ms >= cutoff_ms OR last_used_ms >= cutoff_ms THEN 'PASS'
            WHEN created_ms IS NULL OR created_ms > cutoff_ms THEN 'UNKNOWN'
            WHEN covered = 0 AND told = 0 THEN 'UNKNOWN'
            WHEN covered = 0 AND COALESCE(last_used_ms, created_ms) > told_cutoff_ms THEN 'UNKNOWN'
            ELSE 'FAIL'
        END AS status,
        'MEDIUM' AS severity,
        CASE
            WHEN last_seen_ms >= cutoff_ms THEN 'used: the logs show it'
            WHEN last_used_ms >= cutoff_ms THEN 'used: the credential report says so'
            WHEN created_ms IS NULL THEN 'no export says when it was made'
            WHEN created_ms > cutoff_ms THEN 'younger than the limit: too early to tell'
            WHEN covered = 0 AND told = 0 THEN 'neither the logs nor the credential report cover the limit'
            WHEN covered = 0 AND COALESCE(last_used_ms, created_ms) > told_cutoff_ms THEN 'the logs do not cover the limit and the credential report is too old to tell'
            ELSE 'not used for longer than the limit'
        END AS reason,
        user_name, created_ms, last_seen_ms, last_used_ms, last_used_slot, active_credentials, denied_calls
    FROM judged
    UNION ALL
    SELECT
        a.account AS account, a.account AS resource, 'UNKNOWN' AS status, 'MEDIUM' AS severity,
        CASE
            WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
            ELSE 'the account authorization details are not whole'
        END AS reason,
        n.no_text AS user_name, n.no_int AS created_ms, n.no_int AS last_seen_ms, n.no_int AS last_used_ms, n.no_text AS last_used_slot,
        n.no_int AS active_credentials, n.no_int AS denied_calls
    FROM accounts AS a
    CROSS JOIN nulls AS n
    WHERE a.owned AND (NOT a.has_authorization_details OR a.complete IS NULL OR NOT a.complete)
)
SELECT account, resource, status, severity, reason, user_name, created_ms, last_seen_ms, last_used_ms, last_used_slot, active_credentials,
    denied_calls
FROM both
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, user_name ASC NULLS LAST
