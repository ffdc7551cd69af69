-- title: Long-lived access keys in use
-- question: Which programs and people work with long-lived access keys, from where and for which services?
-- columns: account, resource, status, severity, reason, user_name, slot, access_key_id, last_used_ms, allowed_calls, networks, vpc_endpoint_calls, services
WITH sources AS (
    SELECT
        access_key_id,
        CAST(COUNT(DISTINCT network) AS BIGINT) AS networks,
        CAST(SUM(allowed_calls) AS BIGINT) AS allowed_calls,
        CAST(SUM(CASE WHEN vpc_endpoint_id IS NULL THEN 0 ELSE allowed_calls END) AS BIGINT) AS vpc_endpoint_calls,
        MAX(CASE WHEN allowed_calls > 0 THEN last_seen_ms END) AS last_seen_ms
    FROM key_sources
    GROUP BY access_key_id
),
services AS (
    SELECT access_key_id, CAST(COUNT(DISTINCT event_source) AS BIGINT) AS services
    FROM key_services
    WHERE allowed_calls > 0
    GROUP BY access_key_id
),
people AS (
    SELECT account, user_name, MAX(user_arn) AS user_arn
    FROM credentials
    WHERE slot = 'password' AND present AND active
    GROUP BY account, user_name
),
found AS (
    SELECT
        c.account AS account,
        COALESCE(c.user_arn, c.user_name) AS resource,
        CASE
            WHEN NOT c.active THEN 'disabled'
            WHEN p.as_of_ms - s.last_seen_ms <= p.key_unused_days * 86400000 OR p.as_of_ms - c.last_used_ms <= p.key_unused_days * 86400000
                THEN CASE WHEN h.user_name IS NULL THEN 'program' ELSE 'person' END
            WHEN NOT c.last_used_known THEN 'untold'
            ELSE 'idle'
        END AS verdict,
        c.user_name AS user_name,
        c.slot AS slot,
        c.access_key_id AS access_key_id,
        CASE WHEN c.last_used_ms IS NULL OR s.last_seen_ms > c.last_used_ms THEN s.last_seen_ms ELSE c.last_used_ms END AS last_used_ms,
        s.allowed_calls AS allowed_calls,
        s.networks AS networks,
        s.vpc_endpoint_calls AS vpc_endpoint_calls,
        v.services AS services
    FROM credentials AS c
    LEFT JOIN sources AS s ON c.access_key_id = s.access_key_id
    LEFT JOIN services AS v ON c.access_key_id = v.access_key_id
    LEFT JOIN people AS h ON c.account = h.account AND c.user_name = h.user_name
    CROSS JOIN params AS p
    WHERE c.present AND c.user_name <> '<root_account>'
        AND (c.slot = 'access_key_1' OR c.slot = 'access_key_2')
)
SELECT
    a.account AS account,
    COALESCE(f.resource, a.account) AS resource,
    CASE
        WHEN NOT a.has_credential_report OR f.verdict = 'untold' THEN 'UNKNOWN'
        WHEN f.verdict IS NULL OR f.verdict = 'disabled' THEN 'PASS'
        WHEN f.verdict = 'idle' THEN 'NOT-APPLICABLE'
        ELSE 'FAIL'
    END AS status,
    CASE WHEN f.verdict = 'person' THEN 'MEDIUM' ELSE 'LOW' END AS severity,
    CASE
        WHEN NOT a.has_credential_report THEN 'no credential report of this account was given'
        WHEN f.verdict IS NULL THEN 'no user of this account has an access key'
        WHEN f.verdict = 'disabled' THEN 'the key is disabled'
        WHEN f.verdict = 'untold' THEN 'the report does not tell whether the key is in use'
        WHEN f.verdict = 'idle' THEN 'not in use: other controls judge unused keys'
        WHEN f.verdict = 'person' THEN 'in use by a user with a password: a person who could have temporary credentials'
        ELSE 'in use by a user without a password: a program that could have a role'
    END AS reason,
    f.user_name AS user_name,
    f.slot AS slot,
    f.access_key_id AS access_key_id,
    f.last_used_ms AS last_used_ms,
    f.allowed_calls AS allowed_calls,
    f.networks AS networks,
    f.vpc_endpoint_calls AS vpc_endpoint_calls,
    f.services AS services
FROM accounts AS a
LEFT JOIN found AS f ON a.account = f.account
WHERE a.owned
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, slot ASC NULLS LAST
