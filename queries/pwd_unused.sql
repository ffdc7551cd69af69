-- title: Unused passwords
-- question: Which console passwords were not used for longer than the limit, or never?
-- columns: account, resource, status, severity, reason, user_name, idle_days, last_used_ms, last_changed_ms, failed_sign_ins, last_failed_ms
-- The root user's password is left out: it should not be used.
WITH entered AS (
    SELECT principal_arn, MAX(last_seen_ms) AS last_seen_ms
    FROM sign_ins
    WHERE principal_type = 'IAMUser' AND outcome = 'success'
    GROUP BY principal_arn
),
failed AS (
    SELECT principal_arn, CAST(SUM(calls) AS BIGINT) AS calls, MAX(last_seen_ms) AS last_seen_ms
    FROM sign_ins
    WHERE principal_type = 'IAMUser' AND outcome = 'failure'
    GROUP BY principal_arn
),
found AS (
    SELECT
        c.account AS account,
        c.user_arn AS user_arn,
        c.user_name AS user_name,
        COALESCE(c.last_changed_ms, c.user_created_ms) AS made_ms,
        c.last_changed_ms AS last_changed_ms,
        CASE WHEN c.last_used_ms IS NULL OR e.last_seen_ms > c.last_used_ms THEN e.last_seen_ms ELSE c.last_used_ms END AS last_used_ms,
        c.last_used_known AS last_used_known,
        f.calls AS failed_sign_ins,
        f.last_seen_ms AS last_failed_ms
    FROM credentials AS c
    LEFT JOIN entered AS e ON c.user_arn = e.principal_arn
    LEFT JOIN failed AS f ON c.user_arn = f.principal_arn
    WHERE c.present AND c.active AND c.slot = 'password' AND c.user_name <> '<root_account>'
),
judged AS (
    SELECT
        a.account AS account,
        COALESCE(f.user_arn, f.user_name, a.account) AS resource,
        CASE
            WHEN NOT a.has_credential_report THEN 'not-given'
            WHEN f.user_name IS NULL THEN 'none'
            WHEN p.as_of_ms - f.last_used_ms <= p.password_unused_days * 86400000 THEN 'used'
            WHEN NOT f.last_used_known THEN 'untold'
            WHEN f.last_used_ms IS NOT NULL THEN 'idle'
            WHEN f.made_ms IS NULL THEN 'undated'
            WHEN p.as_of_ms - f.made_ms <= p.password_unused_days * 86400000 THEN 'young'
            ELSE 'never'
        END AS verdict,
        f.user_name AS user_name,
        CAST(FLOOR((p.as_of_ms - COALESCE(f.last_used_ms, f.made_ms)) / 86400000.0) AS BIGINT) AS idle_days,
        f.last_used_ms AS last_used_ms,
        f.last_changed_ms AS last_changed_ms,
        f.failed_sign_ins AS failed_sign_ins,
        f.last_failed_ms AS last_failed_ms
    FROM accounts AS a
    LEFT JOIN found AS f ON a.account = f.account
    CROSS JOIN params AS p
    WHERE a.owned
)
SELECT
    account,
    resource,
    CASE
        WHEN verdict = 'idle' OR verdict = 'never' THEN 'FAIL'
        WHEN verdict = 'used' OR verdict = 'none' THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE WHEN (verdict = 'idle' OR verdict = 'never') AND failed_sign_ins > 0 THEN 'HIGH' ELSE 'MEDIUM' END AS severity,
    CASE
        WHEN verdict = 'not-given' THEN 'no credential report of this account was given'
        WHEN verdict = 'none' THEN 'no user of this account has a password'
        WHEN verdict = 'used' THEN 'used within the limit'
        WHEN verdict = 'untold' THEN 'the report does not tell when the password was last used'
        WHEN verdict = 'undated' THEN 'never used, but the report has no date for it'
        WHEN verdict = 'young' THEN 'never used, but younger than the limit: too early to tell'
        WHEN failed_sign_ins > 0 THEN 'not used for longer than the limit, but somebody tries to sign in and fails'
        WHEN verdict = 'never' THEN 'never used since it was set'
        ELSE 'not used for longer than the limit'
    END AS reason,
    user_name,
    idle_days,
    last_used_ms,
    last_changed_ms,
    failed_sign_ins,
    last_failed_ms
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
