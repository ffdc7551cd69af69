-- title: Users without MFA
-- question: Which users with a console password have no MFA?
-- columns: account, resource, status, severity, reason, user_name, mfa_devices, sign_ins, sign_ins_without_mfa, last_sign_in_ms
WITH entered AS (
    SELECT
        principal_arn,
        CAST(SUM(calls) AS BIGINT) AS sign_ins,
        CAST(SUM(CASE WHEN NOT mfa_used THEN calls ELSE 0 END) AS BIGINT) AS without_mfa,
        MAX(last_seen_ms) AS last_ms
    FROM sign_ins
    WHERE principal_type = 'IAMUser' AND outcome = 'success'
    GROUP BY principal_arn
),
people AS (
    SELECT
        account,
        user_arn,
        user_name,
        mfa_devices,
        CASE WHEN mfa_active OR mfa_devices > 0 THEN 'on' WHEN mfa_active IS NOT NULL OR mfa_devices = 0 THEN 'off' ELSE 'untold' END AS state
    FROM credentials
    WHERE slot = 'password' AND present AND active AND user_name <> '<root_account>'
)
SELECT
    a.account AS account,
    COALESCE(h.user_arn, h.user_name, a.account) AS resource,
    CASE
        WHEN NOT a.has_credential_report OR h.state = 'untold' THEN 'UNKNOWN'
        WHEN h.state = 'off' THEN 'FAIL'
        ELSE 'PASS'
    END AS status,
    'HIGH' AS severity,
    CASE
        WHEN NOT a.has_credential_report THEN 'no credential report of this account was given'
        WHEN h.user_name IS NULL THEN 'no user of this account has a password'
        WHEN h.state = 'untold' THEN 'neither the report nor a list of devices tells of MFA'
        WHEN h.state = 'off' AND e.without_mfa > 0 THEN 'no MFA, and signs in without it'
        WHEN h.state = 'off' THEN 'no MFA'
        ELSE 'the user has MFA'
    END AS reason,
    h.user_name AS user_name,
    h.mfa_devices AS mfa_devices,
    e.sign_ins AS sign_ins,
    e.without_mfa AS sign_ins_without_mfa,
    e.last_ms AS last_sign_in_ms
FROM accounts AS a
LEFT JOIN people AS h ON a.account = h.account
LEFT JOIN entered AS e ON h.user_arn = e.principal_arn
WHERE a.owned
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
