-- title: Access keys in new places
-- question: Which access keys turned up in a new network or with a new client in the last week?
-- columns: account, resource, status, severity, reason, access_key_id, known_networks, new_networks, new_network, known_clients, new_clients, new_client, first_seen_ms, last_new_ms, denied_calls
-- A key needs two weeks of history, then a network or client that came in the last week is new. Our own networks are never new:
-- a list entry counts where it is the /24 itself, or the /16 or /8 that has it.
WITH candidates AS (
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
things AS (
    SELECT
        account, access_key_id, MAX(principal_arn) AS principal_arn, 'key' AS kind, access_key_id AS thing,
        MIN(first_seen_ms) AS first_ms, MAX(denied_calls) AS denied_calls
    FROM key_sources
    WHERE network LIKE '%/24' OR network LIKE '%/48'
    GROUP BY account, access_key_id
    UNION ALL
    SELECT
        account, access_key_id, MAX(principal_arn) AS principal_arn, 'client' AS kind, user_agent_family AS thing,
        MIN(first_seen_ms) AS first_ms, MAX(denied_calls) AS denied_calls
    FROM key_sources
    WHERE user_agent_family IS NOT NULL AND (network LIKE '%/24' OR network LIKE '%/48')
    GROUP BY account, access_key_id, user_agent_family
    UNION ALL
    SELECT
        k.account AS account, k.access_key_id AS access_key_id, MAX(k.principal_arn) AS principal_arn, 'network' AS kind, k.network AS thing,
        MIN(k.first_seen_ms) AS first_ms, CAST(SUM(k.denied_calls) AS BIGINT) AS denied_calls
    FROM key_sources AS k
    LEFT JOIN inside AS i ON k.network = i.network
    WHERE i.network IS NULL AND (k.network LIKE '%/24' OR k.network LIKE '%/48')
    GROUP BY k.account, k.access_key_id, k.network
),
keys AS (
    SELECT
        t.account AS account,
        t.access_key_id AS access_key_id,
        MAX(t.principal_arn) AS principal_arn,
        MIN(t.first_ms) AS first_seen_ms,
        CAST(SUM(CASE WHEN t.kind = 'network' AND t.first_ms < p.as_of_ms - 604800000 THEN 1 ELSE 0 END) AS BIGINT) AS known_networks,
        CAST(SUM(CASE WHEN t.kind = 'network' AND t.first_ms >= p.as_of_ms - 604800000 THEN 1 ELSE 0 END) AS BIGINT) AS new_networks,
        MIN(CASE WHEN t.kind = 'network' AND t.first_ms >= p.as_of_ms - 604800000 THEN t.thing END) AS new_network,
        MAX(CASE WHEN t.kind = 'network' AND t.first_ms >= p.as_of_ms - 604800000 THEN t.first_ms END) AS last_new_ms,
        CAST(SUM(CASE WHEN t.kind = 'network' AND t.first_ms >= p.as_of_ms - 604800000 THEN t.denied_calls ELSE 0 END) AS BIGINT) AS denied_calls,
        CAST(SUM(CASE WHEN t.kind = 'client' AND t.first_ms < p.as_of_ms - 604800000 THEN 1 ELSE 0 END) AS BIGINT) AS known_clients,
        CAST(SUM(CASE WHEN t.kind = 'client' AND t.first_ms >= p.as_of_ms - 604800000 THEN 1 ELSE 0 END) AS BIGINT) AS new_clients,
        MIN(CASE WHEN t.kind = 'client' AND t.first_ms >= p.as_of_ms - 604800000 THEN t.thing END) AS new_client
    FROM things AS t
    CROSS JOIN params AS p
    GROUP BY t.account, t.access_key_id
),
judged AS (
    SELECT
        a.account AS account,
        COALESCE(k.principal_arn, k.access_key_id, a.account) AS resource,
        CASE
            WHEN k.access_key_id IS NULL AND c.complete THEN 'none'
            WHEN k.access_key_id IS NULL THEN 'uncovered'
            WHEN k.first_seen_ms > p.as_of_ms - 1209600000 THEN 'young'
            WHEN k.new_networks > 0 AND k.new_clients > 0 THEN 'both'
            WHEN k.new_networks > 0 AND k.denied_calls > 0 THEN 'refused'
            WHEN k.new_networks > 0 AND k.known_networks >= 5 THEN 'roams'
            WHEN k.new_networks > 0 THEN 'network'
            WHEN k.new_clients > 0 THEN 'client'
            WHEN c.complete THEN 'steady'
            ELSE 'uncovered'
        END AS verdict,
        k.access_key_id AS access_key_id,
        k.known_networks AS known_networks,
        k.new_networks AS new_networks,
        k.new_network AS new_network,
        k.known_clients AS known_clients,
        k.new_clients AS new_clients,
        k.new_client AS new_client,
        k.first_seen_ms AS first_seen_ms,
        k.last_new_ms AS last_new_ms,
        k.denied_calls AS denied_calls
    FROM accounts AS a
    LEFT JOIN keys AS k ON a.account = k.account
    LEFT JOIN coverage_summary AS c ON a.account = c.account
    CROSS JOIN params AS p
    WHERE a.owned
)
SELECT
    account,
    resource,
    CASE
        WHEN verdict = 'both' OR verdict = 'refused' OR verdict = 'network' OR verdict = 'client' THEN 'FAIL'
        WHEN verdict = 'steady' OR verdict = 'none' THEN 'PASS'
        ELSE 'UNKNOWN'
    END AS status,
    CASE WHEN verdict = 'both' OR verdict = 'refused' THEN 'HIGH' WHEN verdict = 'client' THEN 'LOW' ELSE 'MEDIUM' END AS severity,
    CASE
        WHEN verdict = 'none' THEN 'no access key was used from outside AWS services in the window'
        WHEN verdict = 'uncovered' THEN 'the logs do not cover the window'
        WHEN verdict = 'young' THEN 'less than two weeks of history: everything is new'
        WHEN verdict = 'both' THEN 'a new network and a new client in the last week'
        WHEN verdict = 'refused' THEN 'a new network in the last week, and denied calls from there'
        WHEN verdict = 'roams' THEN 'the key is used from many networks as a rule: a new one tells nothing'
        WHEN verdict = 'network' THEN 'a new network in the last week'
        WHEN verdict = 'client' THEN 'a new client in the last week, in a known network'
        ELSE 'no new network and no new client in the last week'
    END AS reason,
    access_key_id,
    known_networks,
    new_networks,
    new_network,
    known_clients,
    new_clients,
    new_client,
    first_seen_ms,
    last_new_ms,
    denied_calls
FROM judged
ORDER BY account ASC NULLS LAST, resource ASC NULLS LAST, access_key_id ASC NULLS LAST
