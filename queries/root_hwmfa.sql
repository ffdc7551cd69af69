-- title: Hardware MFA of the root user
-- question: In which accounts is the root user's MFA not a hardware device?
-- columns: account, resource, status, severity, reason, virtual_devices, other_devices
-- The list of virtual devices names the root user's; a device that is on and not in that list is a piece of hardware.
WITH devices AS (
    SELECT
        account,
        CAST(SUM(CASE WHEN is_virtual AND user_name = '<root_account>' THEN 1 ELSE 0 END) AS BIGINT) AS virtual_devices,
        CAST(SUM(CASE WHEN NOT is_virtual AND user_name = '<root_account>' THEN 1 ELSE 0 END) AS BIGINT) AS other_devices,
        CAST(SUM(CASE WHEN is_virtual AND user_name IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS spare_devices
    FROM mfa_devices
    GROUP BY account
),
listed_devices AS (
    SELECT
        account,
        MAX(mfa_devices) AS mfa_devices,
        CAST(SUM(CASE WHEN slot = 'password' AND NOT present THEN 1 ELSE 0 END) AS BIGINT) AS no_password,
        CAST(SUM(CASE WHEN present THEN 1 ELSE 0 END) AS BIGINT) AS held
    FROM credentials
    WHERE user_name = '<root_account>'
    GROUP BY account
),
judged AS (
    SELECT
        a.account AS account,
        CASE
            WHEN d.virtual_devices > 0 THEN 'virtual'
            WHEN a.root_mfa_active IS NULL THEN 'untold'
            WHEN NOT a.root_mfa_active AND l.no_password = 1 AND l.held = 0 THEN 'nothing'
            WHEN NOT a.root_mfa_active THEN 'off'
            WHEN d.other_devices > 0 OR d.spare_devices > 0 OR l.mfa_devices = 0 THEN 'hardware'
            ELSE 'unlisted'
        END AS verdict,
        d.virtual_devices AS virtual_devices,
        d.other_devices AS other_devices
    FROM accounts AS a
    LEFT JOIN devices AS d ON a.account = d.account
    LEFT JOIN listed_devices AS l ON a.account = l.account
    WHERE a.owned
)
SELECT
    account,
    account AS resource,
    CASE
        WHEN verdict = 'hardware' THEN 'PASS'
        WHEN verdict = 'nothing' THEN 'NOT-APPLICABLE'
        WHEN verdict = 'virtual' OR verdict = 'off' THEN 'FAIL'
        ELSE 'UNKNOWN'
    END AS status,
    'HIGH' AS severity,
    CASE
        WHEN verdict = 'hardware' THEN 'the root user has MFA, and it is no virtual device'
        WHEN verdict = 'virtual' THEN 'an MFA device of the root user is virtual: an app or a file'
        WHEN verdict = 'nothing' THEN 'the root user has neither a password nor an access key'
        WHEN verdict = 'off' THEN 'the root user has no MFA'
        WHEN verdict = 'untold' THEN 'neither a credential report nor an account summary of this account was given'
        ELSE 'the root user has MFA, but no list of virtual devices tells of which kind'
    END AS reason,
    virtual_devices,
    other_devices
FROM judged
ORDER BY account ASC NULLS LAST
