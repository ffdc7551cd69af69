-- title: People outside central sign-in
-- question: In which accounts do people sign in as IAM users instead of through central sign-in?
-- columns: account, resource, status, severity, reason, password_users, user_sign_ins, federated_sign_ins, saml_providers, permission_set_roles
-- Users that the configuration lists for emergencies are left out.
WITH emergency AS (
    SELECT DISTINCT value AS arn FROM listed WHERE list = 'break-glass'
),
people AS (
    SELECT c.account AS account, CAST(COUNT(c.user_name) AS BIGINT) AS password_users
    FROM credentials AS c
    LEFT JOIN emergency AS e ON c.user_arn = e.arn
    WHERE c.slot = 'password' AND c.present AND c.active AND c.user_name <> '<root_account>' AND e.arn IS NULL
    GROUP BY c.account
),
entered AS (
    SELECT
        s.account AS account,
        CAST(SUM(CASE WHEN s.principal_type = 'IAMUser' AND e.arn IS NULL THEN s.calls ELSE 0 END) AS BIGINT) AS user_sign_ins,
        CAST(SUM(CASE WHEN s.principal_type = 'IAMUser' OR s.principal_type = 'Root' THEN 0 ELSE s.calls END) AS BIGINT) AS federated_sign_ins
    FROM sign_ins AS s
    LEFT JOIN emergency AS e ON s.principal_arn = e.arn
    WHERE s.outcome = 'success'
    GROUP BY s.account
),
providers AS (
    SELECT account, CAST(COUNT(thing) AS BIGINT) AS saml_providers
    FROM inventory
    WHERE kind = 'identity-provider' AND subject = 'saml'
    GROUP BY account
),
sets AS (
    SELECT account, CAST(COUNT(arn) AS BIGINT) AS permission_set_roles
    FROM principals
    WHERE is_permission_set
    GROUP BY account
)
SELECT
    a.account AS account,
    a.account AS resource,
    CASE
        WHEN e.user_sign_ins > 0 THEN 'FAIL'
        WHEN NOT a.has_credential_report THEN 'UNKNOWN'
        WHEN h.password_users > 0 THEN 'FAIL'
        ELSE 'PASS'
    END AS status,
    CASE WHEN e.user_sign_ins > 0 THEN 'MEDIUM' ELSE 'LOW' END AS severity,
    CASE
        WHEN e.user_sign_ins > 0 AND (e.federated_sign_ins > 0 OR v.saml_providers > 0 OR s.permission_set_roles > 0)
            THEN 'people sign in as IAM users, though there is central sign-in'
        WHEN e.user_sign_ins > 0 THEN 'people sign in as IAM users'
        WHEN NOT a.has_credential_report THEN 'no credential report of this account was given'
        WHEN h.password_users > 0 THEN 'IAM users have passwords, though none was seen to sign in'
        ELSE 'no IAM user but those for emergencies has a password'
    END AS reason,
    h.password_users AS password_users,
    e.user_sign_ins AS user_sign_ins,
    e.federated_sign_ins AS federated_sign_ins,
    v.saml_providers AS saml_providers,
    s.permission_set_roles AS permission_set_roles
FROM accounts AS a
LEFT JOIN people AS h ON a.account = h.account
LEFT JOIN entered AS e ON a.account = e.account
LEFT JOIN providers AS v ON a.account = v.account
LEFT JOIN sets AS s ON a.account = s.account
WHERE a.owned
ORDER BY account ASC NULLS LAST
