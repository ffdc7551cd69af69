-- title: Two active access keys
-- question: Which users have two active access keys, and which of the two is idle?
-- columns: account, resource, status, severity, reason, user_name, active_keys, idle_slot, idle_key_id, first_used_ms, second_used_ms
WITH seen AS (
    SELECT access_key_id, MAX(last_seen_ms) AS last_seen_ms
    FROM key_activity
    GROUP BY access_key_id
),
slots AS (
    SELECT
        c.account AS account,
        c.user_arn AS user_arn,
        c.user_name AS user_name,
        c.slot AS slot,
        c.access_key_id AS access_key_id,
        c.active AS active,
        CASE WHEN c.last_used_ms IS NULL OR s.last_seen_ms > c.last_used_ms THEN s.last_seen_ms ELSE c.last_used_ms END AS used_ms,
        CASE
            WHEN p.as_of_ms - s.last_seen_ms <= p.key_second_idle_days * 86400000 THEN 'in use'
            WHEN p.as_of_ms - c.last_used_ms <= p.key_second_idle_days * 86400000 THEN 'in use'
            WHEN NOT c.last_used_known THEN 'untold'
            WHEN c.last_used_ms IS NULL AND p.as_of_ms - COALESCE(c.created_ms, c.last_changed_ms) <= p.key_second_idle_days * 86400000 THEN 'new'
            ELSE 'idle'
        END AS state
    FROM credentials AS c
    LEFT JOIN seen AS s ON c.access_key_id = s.access_key_id
    CROSS JOIN params AS p
    WHERE c.present AND c.user_name <> '<root_account>'
        AND (c.slot = 'access_key_1' OR c.slot = 'access_key_2')
),
users AS (
    SELECT
        account,
        user_arn,
        user_name,
        CAST(SUM(CASE WHEN active THEN 1 ELSE 0 END) AS BIGINT) AS active_keys,
        MAX(CASE WHEN slot = 'access_key_1' THEN state END) AS first_state,
        MAX(CASE WHEN slot = 'access_key_2' THEN state END) AS second_state,
        MAX(CASE WHEN slot = 'access_key_1' THEN access_key_id END) AS first_id,
        MAX(CASE WHEN slot = 'access_key_2' THEN access_key_id END) AS second_id,
        MAX(CASE WHEN slot = 'access_key_1' THEN used_ms END) AS first_used_ms,
        MAX(CASE WHEN slot = 'access_key_2' THEN used_ms END) AS second_used_ms
    FROM slots
    GROUP BY account, user_arn, user_name
)
SELECT
    a.account AS account,
    COALESCE(u.user_arn, u.user_name, a.account) AS resource,
    CASE WHEN NOT a.has_credential_report THEN 'UNKNOWN' WHEN u.active_keys > 1 THEN 'FAIL' ELSE 'PASS' END AS status,
    'MEDIUM' AS severity,
    CASE
        WHEN NOT a.has_credential_report THEN 'no credential report of this account was given'
        WHEN u.user_name IS NULL THEN 'no user of this account has an access key'
        WHEN u.active_keys = 1 THEN 'one active key'
        WHEN u.active_keys = 0 THEN 'no active key'
        WHEN u.first_state = 'idle' AND u.second_state = 'idle' THEN 'two active keys, both idle'
        WHEN u.first_state = 'idle' OR u.second_state = 'idle' THEN 'two active keys, one of them idle: delete that one'
        WHEN u.first_state = 'untold' OR u.second_state = 'untold' THEN 'two active keys, and of one it is not told when it was used'
        WHEN u.first_state = 'new' OR u.second_state = 'new' THEN 'two active keys, one of them new and not used yet'
        ELSE 'two active keys, both in use'
    END AS reason,
    u.user_name AS user_name,
    u.active_keys AS active_keys,
    CASE
        WHEN u.active_keys < 2 THEN n.no_text
        WHEN u.first_state = 'idle' AND u.second_state = 'idle' THEN 'both'
        WHEN u.first_state = 'idle' THEN 'access_key_1'
        WHEN u.second_state = 'idle' THEN 'access_key_2'
    END AS idle_slot,
    CASE
        WHEN u.active_keys < 2 THEN n.no_text
        WHEN u.first_state = 'idle' AND u.second_state = 'idle' THEN n.no_text
        WHEN u.first_state = 'idle' THEN u.first_id
        WHEN u.second_state = 'idle' THEN u.second_id
    END AS idle_key_id,
    u.first_used_ms AS first_used_ms,
    u.second_used_ms AS second_used_ms
FROM accounts AS a
LEFT JOIN users AS u ON a.account = u.account
CROSS JOIN nulls AS n
WHERE a.owned
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
