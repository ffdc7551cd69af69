-- title: Calls in sessions with session policies
-- question: Which calls were made with credentials that session policies bound, and what were the policies?
-- columns: account, principal_key, principal_arn, principal_type, federated_name, session_policy, session_policy_arns, is_told, action, resource_arn, arn_provenance, region, context_class, outcome, error_code, denied_effect, denied_policy_type, denied_policy_arn, calls, first_seen_ms, last_seen_ms, sample_event_first, sample_event_last
-- size: large
-- Sessions that were made without session policies are left out, and so are calls whose STS event is not in the store.
-- A call that both accounts of a cross-account request logged counts once: the caller's copy wins.
WITH counted AS (
    SELECT
        a.event_id AS event_id,
        a.event_time_ms AS event_time_ms,
        a.principal_account AS principal_account,
        a.principal_key AS principal_key,
        a.principal_arn AS principal_arn,
        a.principal_type AS principal_type,
        CASE WHEN a.principal_type = 'FederatedUser' THEN s.session_name ELSE NULL END AS federated_name,
        s.session_policy AS session_policy,
        s.session_policy_arns AS session_policy_arns,
        s.is_told AS is_told,
        a.action AS action,
        a.resource_arn AS resource_arn,
        a.arn_provenance AS arn_provenance,
        a.region AS region,
        a.context_class AS context_class,
        a.outcome AS outcome,
        CASE WHEN a.outcome = 'denied' THEN a.error_code ELSE NULL END AS error_code,
        a.denied_effect AS denied_effect,
        a.denied_policy_type AS denied_policy_type,
        a.denied_policy_arn AS denied_policy_arn
    FROM session_events AS s
    JOIN event_actions AS a ON s.event_id = a.event_id
    LEFT JOIN told_twice AS c ON a.call_key = c.call_key
    CROSS JOIN params AS p
    WHERE (a.side = 'caller' OR c.call_key IS NULL)
        AND a.outcome <> 'error'
        AND a.action IS NOT NULL
        AND a.principal_key IS NOT NULL
        AND a.event_time_ms >= p.window_start_ms
        AND a.event_time_ms < p.as_of_ms
)
SELECT
    principal_account AS account,
    principal_key,
    MAX(principal_arn) AS principal_arn,
    principal_type,
    federated_name,
    session_policy,
    session_policy_arns,
    is_told,
    action,
    resource_arn,
    arn_provenance,
    region,
    context_class,
    outcome,
    error_code,
    denied_effect,
    denied_policy_type,
    denied_policy_arn,
    CAST(COUNT(*) AS BIGINT) AS calls,
    MIN(event_time_ms) AS first_seen_ms,
    MAX(event_time_ms) AS last_seen_ms,
    MIN(event_id) AS sample_event_first,
    MAX(event_id) AS sample_event_last
FROM counted
GROUP BY principal_account, principal_key, principal_type, federated_name, session_policy, session_policy_arns, is_told, action, resource_arn, arn_provenance, region, context_class, outcome, error_code, denied_effect, denied_policy_type, denied_policy_arn
ORDER BY
    account ASC NULLS LAST,
    principal_key ASC NULLS LAST,
    principal_type ASC NULLS LAST,
    federated_name ASC NULLS LAST,
    session_policy ASC NULLS LAST,
    session_policy_arns ASC NULLS LAST,
    is_told ASC NULLS LAST,
    action ASC NULLS LAST,
    resource_arn ASC NULLS LAST,
    arn_provenance ASC NULLS LAST,
    region ASC NULLS LAST,
    context_class ASC NULLS LAST,
    outcome ASC NULLS LAST,
    error_code ASC NULLS LAST,
    denied_effect ASC NULLS LAST,
    denied_policy_type ASC NULLS LAST,
    denied_policy_arn ASC NULLS LAST
