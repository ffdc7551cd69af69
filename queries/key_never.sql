-- title: Access keys that were never used
-- question: Which active access keys did nobody ever use, and who made them?
-- columns: account, resource, status, severity, reason, user_name, slot, access_key_id, age_days, made_ms, user_created_ms, made_by, made_event_id
WITH seen AS (
    SELECT access_key_id, MAX(last_seen_ms) AS last_seen_ms
    FROM key_activity
    GROUP BY access_key_id
),
made AS (
    SELECT access_key_id, MIN(event_time_ms) AS event_time_ms, MIN(changed_by) AS changed_by, MIN(event_id) AS event_id
    FROM key_changes
    WHERE event_name = 'CreateAccessKey'
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
        COALESCE(c.created_ms, m.event_time_ms, c.last_changed_ms) AS made_ms,
        c.user_created_ms AS user_created_ms,
        COALESCE(c.last_used_ms, s.last_seen_ms) AS used_ms,
        c.last_used_known AS last_used_known,
        m.changed_by AS made_by,
        m.event_id AS made_event_id
    FROM credentials AS c
    LEFT JOIN seen AS s ON c.access_key_id = s.access_key_id
    LEFT JOIN made AS m ON c.access_key_id = m.access_key_id
    WHERE c.present AND c.user_name <> '<root_account>'
        AND (c.slot = 'access_key_1' OR c.slot = 'access_key_2')
),
judged AS (
    SELECT
        a.account AS account,
        COALESCE(f.user_arn, f.user_name, a.account) AS resource,
        CASE
            WHEN NOT a.has_credential_report THEN 'not-given'
            WHEN f.slot IS NULL THEN 'none'
            WHEN NOT f.active THEN 'disabled'
            WHEN f.used_ms IS NOT NULL THEN 'used'
            WHEN NOT f.last_used_known THEN 'untold'
            WHEN f.made_ms IS NULL THEN 'undated'
            WHEN p.as_of_ms - f.made_ms <= p.key_unused_days * 86400000 THEN 'young'
            WHEN f.made_ms - f.user_created_ms <= 3600000 THEN 'with-user'
            ELSE 'never'
        END AS verdict,
        f.user_name AS user_name,
        f.slot AS slot,
        f.access_key_id AS access_key_id,
        CAST(FLOOR((p.as_of_ms - f.made_ms) / 86400000.0) AS BIGINT) AS age_days,
        f.made_ms AS made_ms,
        f.user_created_ms AS user_created_ms,
        f.made_by AS made_by,
        f.made_event_id AS made_event_id
    FROM accounts AS a
    LEFT JOIN found AS f ON a.account = f.account
    CROSS JOIN params AS p
    WHERE a.owned
)
SELECT
    account,
    resource,
    CASE
        WHEN verdict = 'never' OR verdict = 'with-user' THEN 'FAIL'
        WHEN verdict = 'used' OR verdict = 'disabled' OR verdict = 'none' THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    'MEDIUM' AS severity,
    CASE
        WHEN verdict = 'not-given' THEN 'no credential report of this account was given'
        WHEN verdict = 'none' THEN 'no user of this account has an access key'
        WHEN verdict = 'disabled' THEN 'the key is disabled'
        WHEN verdict = 'used' THEN 'the key was used'
        WHEN verdict = 'untold' THEN 'the report does not tell whether the key was ever used'
        WHEN verdict = 'undated' THEN 'never used, but no export says when it was made'
        WHEN verdict = 'young' THEN 'never used, but younger than the limit: too early to tell'
        WHEN verdict = 'with-user' THEN 'made together with the user and never used'
        ELSE 'never used since it was made'
    END AS reason,
    user_name,
    slot,
    access_key_id,
    age_days,
    made_ms,
    user_created_ms,
    made_by,
    made_event_id
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, slot ASC NULLS LAST
