-- title: MFA that is not used
-- question: Which users have MFA by the report, but sign in without it?
-- columns: account, resource, status, severity, reason, user_name, enabled_ms, with_mfa, without_mfa, last_without_ms
-- Sign-ins before the first device was registered do not count.
WITH devices AS (
    SELECT account, user_name, MIN(enabled_ms) AS enabled_ms
    FROM mfa_devices
    GROUP BY account, user_name
),
people AS (
    SELECT account, user_arn, user_name
    FROM credentials
    WHERE slot = 'password' AND present AND active AND user_name <> '<root_account>' AND (mfa_active OR mfa_devices > 0)
),
entered AS (
    SELECT
        h.user_arn AS user_arn,
        MAX(d.enabled_ms) AS enabled_ms,
        CAST(SUM(CASE WHEN s.mfa_used THEN s.calls ELSE 0 END) AS BIGINT) AS with_mfa,
        CAST(SUM(CASE WHEN NOT s.mfa_used AND (d.enabled_ms IS NULL OR s.last_seen_ms > d.enabled_ms) THEN s.calls ELSE 0 END) AS BIGINT) AS without_mfa,
        MAX(CASE WHEN NOT s.mfa_used THEN s.last_seen_ms END) AS last_without_ms
    FROM people AS h
    LEFT JOIN devices AS d ON h.account = d.account AND h.user_name = d.user_name
    JOIN sign_ins AS s ON h.user_arn = s.principal_arn
    WHERE s.principal_type = 'IAMUser' AND s.outcome = 'success'
    GROUP BY h.user_arn
),
judged AS (
    SELECT
        a.account AS account,
        COALESCE(h.user_arn, h.user_name, a.account) AS resource,
        CASE
            WHEN NOT a.has_credential_report THEN 'not-given'
            WHEN h.user_name IS NULL THEN 'none'
            WHEN e.without_mfa > 0 THEN 'without'
            WHEN c.complete IS NULL OR NOT c.complete THEN 'uncovered'
            WHEN e.with_mfa > 0 THEN 'with'
            ELSE 'absent'
        END AS verdict,
        h.user_name AS user_name,
        e.enabled_ms AS enabled_ms,
        e.with_mfa AS with_mfa,
        e.without_mfa AS without_mfa,
        e.last_without_ms AS last_without_ms
    FROM accounts AS a
    LEFT JOIN people AS h ON a.account = h.account
    LEFT JOIN entered AS e ON h.user_arn = e.user_arn
    LEFT JOIN coverage_summary AS c ON a.account = c.account
    WHERE a.owned
)
SELECT
    account,
    resource,
    CASE
        WHEN verdict = 'without' THEN 'FAIL'
        WHEN verdict = 'with' OR verdict = 'none' THEN 'PASS'
        WHEN verdict = 'absent' THEN 'NOT-APPLICABLE'
        ELSE 'UNKNOWN'
    END AS status,
    'HIGH' AS severity,
    CASE
        WHEN verdict = 'not-given' THEN 'no credential report of this account was given'
        WHEN verdict = 'none' THEN 'no user of this account has a password and MFA'
        WHEN verdict = 'without' AND enabled_ms IS NULL THEN 'the user has MFA and signed in without it; since when it has is not told'
        WHEN verdict = 'without' THEN 'the user has MFA and signed in without it'
        WHEN verdict = 'uncovered' THEN 'the logs do not cover the window'
        WHEN verdict = 'with' THEN 'every sign-in used MFA'
        ELSE 'the user did not sign in'
    END AS reason,
    user_name,
    enabled_ms,
    with_mfa,
    without_mfa,
    last_without_ms
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
