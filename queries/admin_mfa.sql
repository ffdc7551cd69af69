-- title: Administrators without MFA
-- question: Which users with administrator rights have no MFA, or write without it?
-- columns: account, resource, status, severity, reason, user_name, told_by, mfa_calls, no_mfa_calls, no_mfa_writes
-- An administrator is who holds everything on everything without a condition, or who can get there.
WITH by_policy AS (
    SELECT h.holder_arn AS arn
    FROM attachments AS h
    JOIN statements AS s ON h.document_id = s.document_id
    WHERE h.holder_kind = 'user' AND h.source <> 'boundary'
        AND s.effect = 'Allow' AND s.actions = '*' AND s.resources = '*' AND s.conditions IS NULL
        AND NOT s.is_not_action AND NOT s.is_not_resource
    GROUP BY h.holder_arn
),
admins AS (
    SELECT arn AS arn, 'policy' AS told_by FROM by_policy
    UNION ALL
    SELECT principal_arn AS arn, 'reach' AS told_by FROM reach WHERE principal_kind = 'user' AND is_admin_before = 'yes'
),
found AS (
    SELECT arn, MIN(told_by) AS told_by
    FROM admins
    GROUP BY arn
),
held AS (
    SELECT
        user_arn,
        MAX(CASE WHEN mfa_active OR mfa_devices > 0 THEN 2 WHEN mfa_active IS NOT NULL OR mfa_devices = 0 THEN 1 ELSE 0 END) AS mfa,
        CAST(SUM(CASE WHEN present AND active THEN 1 ELSE 0 END) AS BIGINT) AS credentials
    FROM credentials
    GROUP BY user_arn
),
called AS (
    SELECT
        principal_arn,
        CAST(SUM(CASE WHEN mfa_authenticated THEN calls ELSE 0 END) AS BIGINT) AS mfa_calls,
        CAST(SUM(CASE WHEN NOT mfa_authenticated THEN calls ELSE 0 END) AS BIGINT) AS no_mfa_calls,
        CAST(SUM(CASE WHEN NOT mfa_authenticated AND NOT read_only THEN calls ELSE 0 END) AS BIGINT) AS no_mfa_writes
    FROM principal_mfa
    WHERE principal_type = 'IAMUser'
    GROUP BY principal_arn
),
users AS (
    SELECT
        u.account AS account,
        u.arn AS arn,
        u.name AS user_name,
        f.told_by AS told_by,
        CASE
            WHEN h.mfa IS NULL OR h.mfa = 0 THEN 'untold'
            WHEN h.credentials = 0 THEN 'no-credentials'
            WHEN h.mfa = 1 THEN 'without'
            WHEN c.no_mfa_writes > 0 THEN 'writes'
            ELSE 'with'
        END AS verdict,
        c.mfa_calls AS mfa_calls,
        c.no_mfa_calls AS no_mfa_calls,
        c.no_mfa_writes AS no_mfa_writes
    FROM principals AS u
    JOIN found AS f ON u.arn = f.arn
    LEFT JOIN held AS h ON u.arn = h.user_arn
    LEFT JOIN called AS c ON u.arn = c.principal_arn
    WHERE u.kind = 'user'
)
SELECT
    a.account AS account,
    COALESCE(u.arn, a.account) AS resource,
    CASE
        WHEN u.verdict = 'without' OR u.verdict = 'writes' THEN 'FAIL'
        WHEN u.verdict = 'with' THEN 'PASS'
        WHEN u.verdict = 'no-credentials' THEN 'NOT-APPLICABLE'
        WHEN u.verdict = 'untold' OR NOT a.has_authorization_details OR NOT a.complete THEN 'UNKNOWN'
        ELSE 'PASS'
    END AS status,
    CASE WHEN u.verdict = 'writes' THEN 'HIGH' ELSE 'CRITICAL' END AS severity,
    CASE
        WHEN u.verdict = 'without' THEN 'an administrator without MFA'
        WHEN u.verdict = 'writes' THEN 'an administrator with MFA who writes in sessions without it'
        WHEN u.verdict = 'with' THEN 'the administrator has MFA'
        WHEN u.verdict = 'no-credentials' THEN 'the administrator has no active credentials'
        WHEN u.verdict = 'untold' THEN 'no credential report tells whether the administrator has MFA'
        WHEN NOT a.has_authorization_details THEN 'no account authorization details of this account were given'
        WHEN NOT a.complete THEN 'the account authorization details are not whole'
        ELSE 'no user of this account is known to be an administrator'
    END AS reason,
    u.user_name AS user_name,
    u.told_by AS told_by,
    u.mfa_calls AS mfa_calls,
    u.no_mfa_calls AS no_mfa_calls,
    u.no_mfa_writes AS no_mfa_writes
FROM accounts AS a
LEFT JOIN users AS u ON a.account = u.account
WHERE a.owned
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
