//! Web identities: which platform a provider serves, and how much of it a pattern of `sub` lets in.
//!
//! Forms of `sub`: GitHub `repo:OWNER/REPO:ref:refs/heads/main`, `…:environment:prod`, `…:pull_request`, since 2026 also with
//! immutable ids behind the names (`OWNER@123/REPO@456`, in some places `OWNER-123`); GitLab
//! `project_path:GROUP/PROJECT:ref_type:branch:ref:main`; Terraform Cloud `organization:O:project:P:workspace:W:run_phase:plan`;
//! Bitbucket `{REPO-UUID}[:{ENVIRONMENT-UUID}]:{STEP-UUID}`; service accounts of Kubernetes `system:serviceaccount:NS:NAME`.
//! Source: reports-and-controls.md section 2, item 9; the platforms' own pages on OpenID Connect.

use crate::aws::glob_matches;

/// Who hands out the tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Platform {
    /// GitHub Actions.
    GitHub,
    /// GitLab CI.
    GitLab,
    /// Terraform Cloud.
    TerraformCloud,
    /// Bitbucket Pipelines.
    Bitbucket,
    /// Service accounts of an EKS cluster.
    Kubernetes,
    /// Amazon Cognito identity pools.
    Cognito,
    /// A sign-in for anybody who has an account there.
    Consumer,
    /// Something else.
    Other,
}

impl Platform {
    /// The word in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Platform::GitHub => "github",
            Platform::GitLab => "gitlab",
            Platform::TerraformCloud => "terraform-cloud",
            Platform::Bitbucket => "bitbucket",
            Platform::Kubernetes => "kubernetes",
            Platform::Cognito => "cognito",
            Platform::Consumer => "consumer",
            Platform::Other => "other",
        }
    }
}

/// Host and path of a provider, from its ARN or as it is, in lower case.
#[must_use]
pub fn host(provider: &str) -> String {
    provider.split_once(":oidc-provider/").map_or(provider, |(_, host)| host).to_ascii_lowercase()
}

/// The platform of a provider.
#[must_use]
pub fn platform(provider: &str) -> Platform {
    let host = host(provider);
    let name = host.split('/').next().unwrap_or_default();
    match name {
        _ if name.starts_with("token.actions.githubusercontent.com") || host.contains("/_services/token") => Platform::GitHub,
        _ if name.contains("gitlab") => Platform::GitLab,
        "app.terraform.io" | "app.eu.terraform.io" => Platform::TerraformCloud,
        "api.bitbucket.org" => Platform::Bitbucket,
        _ if name.starts_with("oidc.eks.") => Platform::Kubernetes,
        "cognito-identity.amazonaws.com" => Platform::Cognito,
        "accounts.google.com" | "www.amazon.com" | "graph.facebook.com" => Platform::Consumer,
        _ => Platform::Other,
    }
}

/// How much a pattern of `sub` lets in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Width {
    /// One subject.
    Exact,
    /// Several subjects of one repository, project, workspace or service account.
    Inside,
    /// More than one repository, project, workspace or service account.
    Across,
    /// Every subject of the provider.
    Everything,
}

impl Width {
    /// The word in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Width::Exact => "exact",
            Width::Inside => "inside",
            Width::Across => "across",
            Width::Everything => "everything",
        }
    }
}

fn is_wild(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// What of a pattern names the one that comes in (repository, project, …); `None` where the pattern has another form.
fn identity(platform: Platform, pattern: &str) -> Option<String> {
    let parts: Vec<&str> = pattern.split(':').collect();
    let after = |words: &[&str]| -> Option<String> {
        let values: Vec<&str> = words.iter().map(|w| parts.iter().position(|p| p == w).and_then(|at| parts.get(at + 1).copied())).collect::<Option<_>>()?;
        Some(values.join("/"))
    };
    match platform {
        Platform::GitHub => match parts.as_slice() {
            ["repo" | "repository", repo, ..] => Some((*repo).to_owned()),
            _ => after(&["repo"]).or_else(|| after(&["repository"])),
        },
        Platform::GitLab => match parts.as_slice() {
            ["project_path", project, ..] => Some((*project).to_owned()),
            _ => None,
        },
        Platform::TerraformCloud => after(&["organization", "project", "workspace"]),
        Platform::Bitbucket => parts.first().map(|repo| (*repo).to_owned()),
        Platform::Kubernetes => match parts.as_slice() {
            ["system", "serviceaccount", namespace, name] => Some(format!("{namespace}/{name}")),
            _ => None,
        },
        Platform::Cognito | Platform::Consumer | Platform::Other => None,
    }
}

/// How much a pattern lets in. `is_pattern`: whether the operator takes wildcards (`StringLike`).
#[must_use]
pub fn width(platform: Platform, pattern: &str, is_pattern: bool) -> Width {
    if !is_pattern || !is_wild(pattern) {
        return Width::Exact;
    }
    if pattern.chars().all(|c| c == '*') {
        return Width::Everything;
    }
    match identity(platform, pattern) {
        Some(name) if is_wild(&name) => Width::Across,
        // GitHub writes owner and repository as one part: both must be there.
        Some(name) if matches!(platform, Platform::GitHub | Platform::GitLab) && !name.contains('/') => Width::Across,
        Some(_) => Width::Inside,
        None => Width::Across,
    }
}

/// Whether a pattern lets in workflows of pull requests, which strangers may open.
#[must_use]
pub fn takes_pull_requests(platform: Platform, pattern: &str, is_pattern: bool) -> bool {
    if platform != Platform::GitHub {
        return false;
    }
    let Some(repo) = identity(platform, pattern) else { return is_pattern && pattern.chars().all(|c| c == '*') };
    let example = format!("repo:{repo}:pull_request");
    pattern.ends_with(":pull_request") || (is_pattern && glob_matches(pattern, &example))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_by_their_hosts() {
        let of = |p: &str| platform(p).as_str();
        assert_eq!(of("arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"), "github");
        assert_eq!(of("arn:aws:iam::111122223333:oidc-provider/gitlab.com"), "gitlab");
        assert_eq!(of("app.terraform.io"), "terraform-cloud");
        assert_eq!(of("api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"), "bitbucket");
        assert_eq!(of("arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"), "kubernetes");
        assert_eq!(of("cognito-identity.amazonaws.com"), "cognito");
        assert_eq!(of("login.example.com"), "other");
    }

    #[test]
    fn how_much_a_pattern_lets_in() {
        use Width::{Across, Everything, Exact, Inside};
        let rows = [
            (Platform::GitHub, "repo:acme/shop:ref:refs/heads/main", Exact),
            (Platform::GitHub, "repo:acme/shop:*", Inside),
            (Platform::GitHub, "repo:acme/*", Across),
            (Platform::GitHub, "repo:acme/shop*", Across),
            (Platform::GitHub, "repo:acme*", Across),
            (Platform::GitHub, "repo:acme@42/shop@4711:*", Inside),
            (Platform::GitHub, "repo:acme-42/shop-4711:ref:refs/heads/*", Inside),
            (Platform::GitHub, "*:ref:refs/heads/main", Across),
            (Platform::GitHub, "*", Everything),
            (Platform::GitLab, "project_path:acme/shop:ref_type:branch:ref:*", Inside),
            (Platform::GitLab, "project_path:acme/*:ref_type:branch:ref:main", Across),
            (Platform::TerraformCloud, "organization:acme:project:p:workspace:w:run_phase:*", Inside),
            (Platform::TerraformCloud, "organization:acme:project:*:workspace:*:run_phase:*", Across),
            (Platform::Bitbucket, "{1f}:*", Inside),
            (Platform::Bitbucket, "*:{2e}", Across),
            (Platform::Kubernetes, "system:serviceaccount:shop:api", Exact),
            (Platform::Kubernetes, "system:serviceaccount:shop:*", Across),
            (Platform::Other, "user-*", Across),
        ];
        for (platform, pattern, expected) in rows {
            assert_eq!(width(platform, pattern, true), expected, "{pattern}");
        }
        assert_eq!(width(Platform::GitHub, "repo:acme/*", false), Exact, "StringEquals has no wildcards");
    }

    #[test]
    fn pull_requests_are_seen() {
        let takes = |p: &str| takes_pull_requests(Platform::GitHub, p, true);
        assert!(takes("repo:acme/shop:*") && takes("repo:acme/shop:pull_request") && takes("repo:acme/*") && takes("*"));
        assert!(!takes("repo:acme/shop:ref:refs/heads/*") && !takes("repo:acme/shop:environment:prod"));
        assert!(!takes_pull_requests(Platform::GitLab, "project_path:acme/shop:*", true));
    }
}
