-- title: Access keys of the root user
-- question: In which accounts does the root user have access keys, and are they used?
-- columns: account, resource, status, severity, reason, root_access_keys, active_keys, last_used_ms, last_used_service, calls, addresses
WITH keys AS (
    SELECT
        account,
        CAST(SUM(CASE WHEN present THEN 1 ELSE 0 END) AS BIGINT) AS present_keys,
        CAST(SUM(CASE WHEN present AND active THEN 1 ELSE 0 END) AS BIGINT) AS active_keys,
        MAX(last_used_ms) AS last_used_ms,
        MAX(last_used_service) AS last_used_service
    FROM credentials
    WHERE user_name = '<root_account>' AND (slot = 'access_key_1' OR slot = 'access_key_2')
    GROUP BY account
),
seen AS (
    SELECT account, CAST(SUM(calls) AS BIGINT) AS calls, MAX(addresses) AS addresses, MAX(last_seen_ms) AS last_seen_ms
    FROM key_activity
    WHERE principal_key = account
    GROUP BY account
),
told AS (
    SELECT
        a.account AS account,
        CASE
            WHEN k.present_keys > 0 THEN k.present_keys
            ELSE a.root_access_keys
        END AS root_access_keys,
        k.active_keys AS active_keys,
        CASE WHEN k.last_used_ms IS NULL OR s.last_seen_ms > k.last_used_ms THEN s.last_seen_ms ELSE k.last_used_ms END AS last_used_ms,
        k.last_used_service AS last_used_service,
        s.calls AS calls,
        s.addresses AS addresses
    FROM accounts AS a
    LEFT JOIN keys AS k ON a.account = k.account
    LEFT JOIN seen AS s ON a.account = s.account
    WHERE a.owned
)
SELECT
    account,
    account AS resource,
    CASE
        WHEN root_access_keys > 0 OR calls > 0 THEN 'FAIL'
        WHEN root_access_keys IS NULL THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    CASE WHEN root_access_keys > 0 AND active_keys = 0 AND calls IS NULL THEN 'HIGH' ELSE 'CRITICAL' END AS severity,
    CASE
        WHEN calls > 0 THEN 'an access key of the root user is in use'
        WHEN root_access_keys > 0 AND active_keys = 0 THEN 'the root user has a disabled access key: one click brings it back'
        WHEN root_access_keys > 0 THEN 'the root user has an access key'
        WHEN root_access_keys IS NULL THEN 'neither a credential report nor an account summary of this account was given'
        ELSE 'the root user has no access key'
    END AS reason,
    root_access_keys,
    active_keys,
    last_used_ms,
    last_used_service,
    calls,
    addresses
FROM told
ORDER BY account ASC NULLS LAST
