-- title: Use of the root user
-- question: In which accounts was the root user used, by password or key, from where and with MFA?
-- columns: account, resource, status, severity, reason, last_used_ms, password_used_ms, key_used_ms, calls, calls_without_mfa, failed_sign_ins, addresses, last_event, last_source_ip, last_event_id, task_session_calls
-- The newest of all uses counts: an old password never hides a key that is used today.
WITH told_by_report AS (
    SELECT
        account,
        MAX(CASE WHEN slot = 'password' THEN last_used_ms END) AS password_used_ms,
        MAX(CASE WHEN slot = 'password' THEN n.no_int ELSE last_used_ms END) AS key_used_ms,
        MAX(last_used_ms) AS used_ms,
        CAST(SUM(CASE WHEN present AND NOT last_used_known THEN 1 ELSE 0 END) AS BIGINT) AS untold,
        CAST(COUNT(slot) AS BIGINT) AS slots
    FROM credentials
    CROSS JOIN nulls AS n
    WHERE user_name = '<root_account>' AND (slot = 'password' OR slot = 'access_key_1' OR slot = 'access_key_2')
    GROUP BY account
),
told_by_log AS (
    SELECT
        account,
        CAST(SUM(CASE WHEN kind = 'root' AND NOT (event_name = 'ConsoleLogin' AND outcome = 'denied') THEN calls ELSE 0 END) AS BIGINT) AS calls,
        CAST(SUM(CASE WHEN kind = 'root' AND event_name = 'ConsoleLogin' AND outcome = 'denied' THEN calls ELSE 0 END) AS BIGINT) AS failed_sign_ins,
        CAST(SUM(CASE WHEN kind = 'root' AND outcome <> 'denied' AND NOT mfa_authenticated THEN calls ELSE 0 END) AS BIGINT) AS calls_without_mfa,
        CAST(SUM(CASE WHEN kind = 'task-session' THEN calls ELSE 0 END) AS BIGINT) AS task_session_calls,
        CAST(COUNT(DISTINCT CASE WHEN kind = 'root' THEN source_ip END) AS BIGINT) AS addresses,
        MAX(CASE WHEN kind = 'root' AND NOT (event_name = 'ConsoleLogin' AND outcome = 'denied') THEN last_seen_ms END) AS seen_ms
    FROM root_use
    GROUP BY account
),
last_of_log AS (
    SELECT r.account AS account, MIN(r.event_name) AS event_name, MIN(r.source_ip) AS source_ip, MIN(r.sample_event_id) AS event_id
    FROM root_use AS r
    JOIN told_by_log AS l ON r.account = l.account AND r.last_seen_ms = l.seen_ms
    WHERE r.kind = 'root'
    GROUP BY r.account
),
told AS (
    SELECT
        a.account AS account,
        CASE WHEN r.used_ms IS NULL OR l.seen_ms > r.used_ms THEN l.seen_ms ELSE r.used_ms END AS last_used_ms,
        CASE WHEN r.slots > 0 AND r.untold = 0 THEN 1 ELSE 0 END AS reported,
        r.password_used_ms AS password_used_ms,
        r.key_used_ms AS key_used_ms,
        l.calls AS calls,
        l.calls_without_mfa AS calls_without_mfa,
        l.failed_sign_ins AS failed_sign_ins,
        l.addresses AS addresses,
        e.event_name AS last_event,
        e.source_ip AS last_source_ip,
        e.event_id AS last_event_id,
        l.task_session_calls AS task_session_calls,
        p.as_of_ms - p.root_use_days * 86400000 AS cutoff_ms
    FROM accounts AS a
    LEFT JOIN told_by_report AS r ON a.account = r.account
    LEFT JOIN told_by_log AS l ON a.account = l.account
    LEFT JOIN last_of_log AS e ON a.account = e.account
    CROSS JOIN params AS p
    WHERE a.owned
)
SELECT
    account,
    account AS resource,
    CASE
        WHEN last_used_ms >= cutoff_ms THEN 'FAIL'
        WHEN reported = 0 THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    CASE
        WHEN key_used_ms >= cutoff_ms THEN 'CRITICAL'
        WHEN last_used_ms >= cutoff_ms AND calls_without_mfa > 0 THEN 'CRITICAL'
        ELSE 'HIGH'
    END AS severity,
    CASE
        WHEN key_used_ms >= cutoff_ms THEN 'an access key of the root user was used within the limit'
        WHEN last_used_ms >= cutoff_ms AND calls_without_mfa > 0 THEN 'the root user was used within the limit, and without MFA'
        WHEN last_used_ms >= cutoff_ms THEN 'the root user was used within the limit'
        WHEN reported = 0 THEN 'no use is known, but no credential report rules it out'
        ELSE 'the root user was not used within the limit'
    END AS reason,
    last_used_ms,
    password_used_ms,
    key_used_ms,
    calls,
    calls_without_mfa,
    failed_sign_ins,
    addresses,
    last_event,
    last_source_ip,
    last_event_id,
    task_session_calls
FROM told
ORDER BY account ASC NULLS LAST
