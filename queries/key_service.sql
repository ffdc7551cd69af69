-- title: Credentials for single services
-- question: Which service-specific credentials, Bedrock API keys and SSH keys are active without an end or too old?
-- columns: account, resource, status, severity, reason, user_name, service, credential_id, age_days, created_ms, expires_ms
WITH found AS (
    SELECT
        c.account AS account,
        COALESCE(c.user_arn, c.user_name, c.credential_id) AS resource,
        CASE
            WHEN c.active IS NULL THEN 'untold'
            WHEN NOT c.active THEN 'disabled'
            WHEN c.expires_ms <= p.as_of_ms THEN 'expired'
            WHEN c.service LIKE 'bedrock%' AND c.expires_ms IS NULL THEN 'endless'
            WHEN c.service LIKE 'bedrock%' AND c.expires_ms - p.as_of_ms > p.key_max_age_days * 86400000 THEN 'long'
            WHEN c.created_ms IS NULL THEN 'undated'
            WHEN p.as_of_ms - c.created_ms > p.key_max_age_days * 86400000 THEN 'old'
            ELSE 'young'
        END AS verdict,
        c.user_name AS user_name,
        c.service AS service,
        c.credential_id AS credential_id,
        CAST(FLOOR((p.as_of_ms - c.created_ms) / 86400000.0) AS BIGINT) AS age_days,
        c.created_ms AS created_ms,
        c.expires_ms AS expires_ms
    FROM credentials AS c
    CROSS JOIN params AS p
    WHERE c.slot = 'service_credential' OR c.slot = 'ssh_key'
)
SELECT
    a.account AS account,
    COALESCE(f.resource, a.account) AS resource,
    CASE
        WHEN f.verdict = 'endless' OR f.verdict = 'long' OR f.verdict = 'old' THEN 'FAIL'
        WHEN f.verdict = 'disabled' OR f.verdict = 'expired' OR f.verdict = 'young' THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE WHEN f.verdict = 'endless' THEN 'HIGH' ELSE 'MEDIUM' END AS severity,
    CASE
        WHEN f.verdict IS NULL THEN 'no such credential is listed: there is none, or the lists were not given'
        WHEN f.verdict = 'untold' THEN 'no export says whether the credential is active'
        WHEN f.verdict = 'disabled' THEN 'the credential is disabled'
        WHEN f.verdict = 'expired' THEN 'the credential has expired'
        WHEN f.verdict = 'endless' THEN 'a Bedrock API key that never expires'
        WHEN f.verdict = 'long' THEN 'a Bedrock API key that lives longer than the limit'
        WHEN f.verdict = 'undated' THEN 'no export says when the credential was made'
        WHEN f.verdict = 'old' THEN 'the credential is older than the limit'
        ELSE 'the credential is younger than the limit'
    END AS reason,
    f.user_name AS user_name,
    f.service AS service,
    f.credential_id AS credential_id,
    f.age_days AS age_days,
    f.created_ms AS created_ms,
    f.expires_ms AS expires_ms
FROM accounts AS a
LEFT JOIN found AS f ON a.account = f.account
WHERE a.owned
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, credential_id ASC NULLS LAST
