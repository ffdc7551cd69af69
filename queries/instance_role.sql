-- title: Access keys used from inside our networks
-- question: Which access keys are used through VPC endpoints or from our own networks, where a role could do?
-- columns: account, resource, status, severity, reason, access_key_id, allowed_calls, vpc_endpoint_calls, own_network_calls, example_network, example_endpoint, example_client
-- A list entry counts where it is the /24 itself, or the /16 or /8 that has it.
WITH configured AS (
    SELECT CAST(COUNT(value) AS BIGINT) AS entries FROM listed WHERE list = 'own-networks'
),
candidates AS (
    SELECT network, network AS entry FROM key_sources
    UNION ALL
    SELECT network, SPLIT_PART(network, '.', 1) || '.' || SPLIT_PART(network, '.', 2) || '.0.0/16' AS entry FROM key_sources
    UNION ALL
    SELECT network, SPLIT_PART(network, '.', 1) || '.0.0.0/8' AS entry FROM key_sources
),
inside AS (
    SELECT c.network AS network
    FROM candidates AS c
    JOIN listed AS l ON c.entry = l.value
    WHERE l.list = 'own-networks'
    GROUP BY c.network
),
keys AS (
    SELECT
        k.account AS account,
        k.access_key_id AS access_key_id,
        MAX(k.principal_arn) AS principal_arn,
        CAST(SUM(k.allowed_calls) AS BIGINT) AS allowed_calls,
        CAST(SUM(CASE WHEN k.vpc_endpoint_id IS NOT NULL THEN k.allowed_calls ELSE 0 END) AS BIGINT) AS vpc_endpoint_calls,
        CAST(SUM(CASE WHEN i.network IS NOT NULL THEN k.allowed_calls ELSE 0 END) AS BIGINT) AS own_network_calls,
        MIN(CASE WHEN k.vpc_endpoint_id IS NOT NULL OR i.network IS NOT NULL THEN k.network END) AS example_network,
        MIN(k.vpc_endpoint_id) AS example_endpoint,
        MIN(CASE WHEN k.vpc_endpoint_id IS NOT NULL OR i.network IS NOT NULL THEN k.user_agent_family END) AS example_client
    FROM key_sources AS k
    LEFT JOIN inside AS i ON k.network = i.network
    WHERE k.allowed_calls > 0
    GROUP BY k.account, k.access_key_id
),
judged AS (
    SELECT
        a.account AS account,
        COALESCE(k.principal_arn, k.access_key_id, a.account) AS resource,
        CASE
            WHEN k.vpc_endpoint_calls > 0 THEN 'endpoint'
            WHEN k.own_network_calls > 0 THEN 'own'
            WHEN c.complete IS NULL OR NOT c.complete THEN 'uncovered'
            WHEN k.access_key_id IS NULL THEN 'none'
            WHEN g.entries = 0 THEN 'unlisted'
            ELSE 'outside'
        END AS verdict,
        k.access_key_id AS access_key_id,
        k.allowed_calls AS allowed_calls,
        k.vpc_endpoint_calls AS vpc_endpoint_calls,
        k.own_network_calls AS own_network_calls,
        k.example_network AS example_network,
        k.example_endpoint AS example_endpoint,
        k.example_client AS example_client
    FROM accounts AS a
    LEFT JOIN keys AS k ON a.account = k.account
    LEFT JOIN coverage_summary AS c ON a.account = c.account
    CROSS JOIN configured AS g
    WHERE a.owned
)
SELECT
    account,
    resource,
    CASE
        WHEN verdict = 'endpoint' OR verdict = 'own' THEN 'FAIL'
        WHEN verdict = 'none' OR verdict = 'outside' THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    'MEDIUM' AS severity,
    CASE
        WHEN verdict = 'endpoint' THEN 'the key is used through a VPC endpoint: the program runs in AWS and could have a role'
        WHEN verdict = 'own' THEN 'the key is used from our own networks: the program could have a role'
        WHEN verdict = 'uncovered' THEN 'the logs do not cover the window'
        WHEN verdict = 'none' THEN 'no access key was used in the window'
        WHEN verdict = 'unlisted' THEN 'no VPC endpoint was seen, and the configuration lists no networks of our own'
        ELSE 'the key was used from other networks only'
    END AS reason,
    access_key_id,
    allowed_calls,
    vpc_endpoint_calls,
    own_network_calls,
    example_network,
    example_endpoint,
    example_client
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, access_key_id ASC NULLS LAST
