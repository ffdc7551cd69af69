-- title: Users without a hardware device
-- question: Which users with a console password have no MFA but a virtual device?
-- columns: account, resource, status, severity, reason, user_name, virtual_devices, hardware_devices
WITH devices AS (
    SELECT
        account,
        user_name,
        CAST(SUM(CASE WHEN is_virtual THEN 1 ELSE 0 END) AS BIGINT) AS virtual_devices,
        CAST(SUM(CASE WHEN is_virtual THEN 0 ELSE 1 END) AS BIGINT) AS hardware_devices
    FROM mfa_devices
    GROUP BY account, user_name
),
people AS (
    SELECT
        c.account AS account,
        COALESCE(c.user_arn, c.user_name) AS resource,
        c.user_name AS user_name,
        CASE
            WHEN d.hardware_devices > 0 THEN 'hardware'
            WHEN c.mfa_devices = 0 OR (c.mfa_devices IS NULL AND NOT c.mfa_active) THEN 'none'
            WHEN c.mfa_devices = d.virtual_devices THEN 'virtual'
            ELSE 'untold'
        END AS state,
        d.virtual_devices AS virtual_devices,
        d.hardware_devices AS hardware_devices
    FROM credentials AS c
    LEFT JOIN devices AS d ON c.account = d.account AND c.user_name = d.user_name
    WHERE c.slot = 'password' AND c.present AND c.active AND c.user_name <> '<root_account>'
)
SELECT
    a.account AS account,
    COALESCE(h.resource, a.account) AS resource,
    CASE
        WHEN NOT a.has_credential_report OR h.state = 'untold' THEN 'UNKNOWN'
        WHEN h.state = 'none' OR h.state = 'virtual' THEN 'FAIL'
        ELSE 'PASS'
    END AS status,
    'LOW' AS severity,
    CASE
        WHEN NOT a.has_credential_report THEN 'no credential report of this account was given'
        WHEN h.state IS NULL THEN 'no user of this account has a password'
        WHEN h.state = 'hardware' THEN 'the user has a hardware device'
        WHEN h.state = 'virtual' THEN 'the devices of the user are virtual: an app or a file'
        WHEN h.state = 'none' THEN 'the user has no MFA at all'
        ELSE 'the user has MFA, but no list of devices tells of which kind'
    END AS reason,
    h.user_name AS user_name,
    h.virtual_devices AS virtual_devices,
    h.hardware_devices AS hardware_devices
FROM accounts AS a
LEFT JOIN people AS h ON a.account = h.account
WHERE a.owned
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST
