-- title: Role assumptions, call by call
-- question: Who assumed which role, with which identity and context?
-- columns: event_id, event_time_ms, role_arn, action, principal_account, principal_key, principal_arn, principal_type, context_json, call_key, side, mfa_authenticated, region, source_ip, user_agent, vpc_endpoint_id, source_identity, access_key_id, issued_access_key_id, session_policy, session_policy_arns
-- size: large
SELECT
    a.event_id AS event_id,
    a.event_time_ms AS event_time_ms,
    a.role_arn AS role_arn,
    a.action AS action,
    a.principal_account AS principal_account,
    a.principal_key AS principal_key,
    a.principal_arn AS principal_arn,
    a.principal_type AS principal_type,
    e.context_json AS context_json,
    a.call_key AS call_key,
    a.side AS side,
    e.mfa_authenticated AS mfa_authenticated,
    e.region AS region,
    e.source_ip AS source_ip,
    e.user_agent AS user_agent,
    e.vpc_endpoint_id AS vpc_endpoint_id,
    e.source_identity AS source_identity,
    e.access_key_id AS access_key_id,
    e.issued_access_key_id AS issued_access_key_id,
    e.session_policy AS session_policy,
    e.session_policy_arns AS session_policy_arns
FROM assuming_actions AS a
JOIN events AS e ON a.event_id = e.event_id
CROSS JOIN params AS p
WHERE a.event_time_ms >= p.window_start_ms
    AND a.event_time_ms < p.as_of_ms
ORDER BY role_arn ASC NULLS LAST, call_key ASC NULLS LAST, side ASC NULLS LAST, event_id ASC NULLS LAST
