-- title: MFA of the root user
-- question: In which accounts has the root user no MFA?
-- columns: account, resource, status, severity, reason, sign_ins, sign_ins_without_mfa, last_sign_in_ms
WITH entered AS (
    SELECT
        account,
        CAST(SUM(calls) AS BIGINT) AS sign_ins,
        CAST(SUM(CASE WHEN NOT mfa_used THEN calls ELSE 0 END) AS BIGINT) AS without_mfa,
        MAX(last_seen_ms) AS last_ms,
        MAX(CASE WHEN mfa_used THEN last_seen_ms END) AS last_with_ms,
        MAX(CASE WHEN NOT mfa_used THEN last_seen_ms END) AS last_without_ms
    FROM sign_ins
    WHERE principal_type = 'Root' AND outcome = 'success'
    GROUP BY account
),
held AS (
    SELECT
        account,
        CAST(SUM(CASE WHEN slot = 'password' AND NOT present THEN 1 ELSE 0 END) AS BIGINT) AS no_password,
        CAST(SUM(CASE WHEN present THEN 1 ELSE 0 END) AS BIGINT) AS credentials
    FROM credentials
    WHERE user_name = '<root_account>' AND (slot = 'password' OR slot = 'access_key_1' OR slot = 'access_key_2')
    GROUP BY account
),
judged AS (
    SELECT
        a.account AS account,
        CASE
            WHEN a.root_mfa_active THEN 'on'
            WHEN h.no_password = 1 AND h.credentials = 0 THEN 'nothing'
            WHEN a.root_mfa_active IS NOT NULL THEN 'off'
            WHEN e.without_mfa > 0 AND (e.last_with_ms IS NULL OR e.last_without_ms > e.last_with_ms) THEN 'seen'
            ELSE 'untold'
        END AS verdict,
        e.sign_ins AS sign_ins,
        e.without_mfa AS sign_ins_without_mfa,
        e.last_ms AS last_sign_in_ms
    FROM accounts AS a
    LEFT JOIN entered AS e ON a.account = e.account
    LEFT JOIN held AS h ON a.account = h.account
    WHERE a.owned
)
SELECT
    account,
    account AS resource,
    CASE
        WHEN verdict = 'on' THEN 'PASS'
        WHEN verdict = 'nothing' THEN 'NOT-APPLICABLE'
        WHEN verdict = 'untold' THEN 'UNKNOWN'
        ELSE 'FAIL'
    END AS status,
    'CRITICAL' AS severity,
    CASE
        WHEN verdict = 'on' THEN 'the root user has MFA'
        WHEN verdict = 'nothing' THEN 'the root user has neither a password nor an access key'
        WHEN verdict = 'off' THEN 'the root user has no MFA'
        WHEN verdict = 'seen' THEN 'the last sign-in of the root user was without MFA'
        ELSE 'neither a credential report nor an account summary of this account was given'
    END AS reason,
    sign_ins,
    sign_ins_without_mfa,
    last_sign_in_ms
FROM judged
ORDER BY account ASC NULLS LAST
