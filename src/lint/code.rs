//! The checks by code, each with the level that it has where it is decided.
//!
//! Codes are those of IAM Access Analyzer; the last five are our own, for what it has no code for.

/// How bad a finding is, in the words of Access Analyzer; and one more, for what is not decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A part of the policy does not work, or AWS refuses it.
    Error,
    /// It allows access that is overly permissive.
    SecurityWarning,
    /// It does not follow how policies are best written.
    Warning,
    /// Style; access stays the same.
    Suggestion,
    /// The reference does not know what it would take to decide.
    Unknown,
}

impl Level {
    /// All of them, the worst first.
    pub const ALL: &'static [Level] = &[Level::Error, Level::SecurityWarning, Level::Warning, Level::Suggestion, Level::Unknown];

    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::SecurityWarning => "security-warning",
            Level::Warning => "warning",
            Level::Suggestion => "suggestion",
            Level::Unknown => "unknown",
        }
    }
}

macro_rules! codes {
    ($($level:ident { $($name:ident = $code:literal),* $(,)? })*) => {
        /// A check.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = concat!("`", $code, "`")] $name,)*)*
        }

        impl Code {
            /// Every check.
            pub const ALL: &'static [Code] = &[$($(Code::$name),*),*];

            /// Access Analyzer's issue code, or ours.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $($(Code::$name => $code,)*)* }
            }

            /// The level of what it finds, where that is decided.
            #[must_use]
            pub fn level(self) -> Level {
                match self { $($(Code::$name => Level::$level,)*)* }
            }
        }
    };
}

codes! {
    Error {
        ArnAccountNotAllowed = "ARN_ACCOUNT_NOT_ALLOWED",
        ArnRegionNotAllowed = "ARN_REGION_NOT_ALLOWED",
        DataTypeMismatch = "DATA_TYPE_MISMATCH",
        DuplicateKeysWithDifferentCase = "DUPLICATE_KEYS_WITH_DIFFERENT_CASE",
        EmptyVariable = "EMPTY_VARIABLE",
        InvalidAction = "INVALID_ACTION",
        InvalidArnAccount = "INVALID_ARN_ACCOUNT",
        InvalidArnPrefix = "INVALID_ARN_PREFIX",
        InvalidArnRegion = "INVALID_ARN_REGION",
        InvalidArnResource = "INVALID_ARN_RESOURCE",
        InvalidArnServiceCase = "INVALID_ARN_SERVICE_CASE",
        InvalidConditionDataType = "INVALID_CONDITION_DATA_TYPE",
        InvalidConditionKeyFormat = "INVALID_CONDITION_KEY_FORMAT",
        InvalidConditionMultipleBoolean = "INVALID_CONDITION_MULTIPLE_BOOLEAN",
        InvalidConditionOperator = "INVALID_CONDITION_OPERATOR",
        InvalidEffect = "INVALID_EFFECT",
        InvalidGlobalConditionKey = "INVALID_GLOBAL_CONDITION_KEY",
        InvalidPartition = "INVALID_PARTITION",
        InvalidPolicyElement = "INVALID_POLICY_ELEMENT",
        InvalidPrincipalFormat = "INVALID_PRINCIPAL_FORMAT",
        InvalidPrincipalKey = "INVALID_PRINCIPAL_KEY",
        InvalidRegion = "INVALID_REGION",
        InvalidService = "INVALID_SERVICE",
        InvalidServiceConditionKey = "INVALID_SERVICE_CONDITION_KEY",
        InvalidServiceInAction = "INVALID_SERVICE_IN_ACTION",
        InvalidVariableForOperator = "INVALID_VARIABLE_FOR_OPERATOR",
        InvalidVersion = "INVALID_VERSION",
        JsonSyntaxError = "JSON_SYNTAX_ERROR",
        MissingAction = "MISSING_ACTION",
        MissingArnField = "MISSING_ARN_FIELD",
        MissingArnRegion = "MISSING_ARN_REGION",
        MissingBraceInVariable = "MISSING_BRACE_IN_VARIABLE",
        MissingEffect = "MISSING_EFFECT",
        MissingPrincipal = "MISSING_PRINCIPAL",
        MissingQualifier = "MISSING_QUALIFIER",
        MissingQuoteInVariable = "MISSING_QUOTE_IN_VARIABLE",
        MissingResource = "MISSING_RESOURCE",
        MissingStatement = "MISSING_STATEMENT",
        MissingTagKeyInCondition = "MISSING_TAG_KEY_IN_CONDITION",
        NullWithIfExists = "NULL_WITH_IF_EXISTS",
        PolicySizeExceedsRcpQuota = "POLICY_SIZE_EXCEEDS_RCP_QUOTA",
        PolicySizeExceedsScpQuota = "POLICY_SIZE_EXCEEDS_SCP_QUOTA",
        PrivateIpAddress = "PRIVATE_IP_ADDRESS",
        PrivateNotIpAddress = "PRIVATE_NOT_IP_ADDRESS",
        RcpSyntaxErrorAllow = "RCP_SYNTAX_ERROR_ALLOW",
        RcpSyntaxErrorNotAction = "RCP_SYNTAX_ERROR_NOTACTION",
        RcpSyntaxErrorNotPrincipal = "RCP_SYNTAX_ERROR_NOTPRINCIPAL",
        RcpSyntaxErrorPrincipal = "RCP_SYNTAX_ERROR_PRINCIPAL",
        RoleTrustPolicySyntaxErrorResource = "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE",
        RoleTrustPolicyUnsupportedWildcardInPrincipal = "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
        ScpSyntaxErrorPrincipal = "SCP_SYNTAX_ERROR_PRINCIPAL",
        UniqueSidsRequired = "UNIQUE_SIDS_REQUIRED",
        UnsupportedActionInPolicy = "UNSUPPORTED_ACTION_IN_POLICY",
        UnsupportedElementCombination = "UNSUPPORTED_ELEMENT_COMBINATION",
        UnsupportedGlobalConditionKey = "UNSUPPORTED_GLOBAL_CONDITION_KEY",
        UnsupportedPrincipal = "UNSUPPORTED_PRINCIPAL",
        UnsupportedSid = "UNSUPPORTED_SID",
        UnsupportedSpaceInVariable = "UNSUPPORTED_SPACE_IN_VARIABLE",
        UnsupportedWildcardInPrincipal = "UNSUPPORTED_WILDCARD_IN_PRINCIPAL",
        VariableUnsupportedInElement = "VARIABLE_UNSUPPORTED_IN_ELEMENT",
        VariableUnsupportedInVersion = "VARIABLE_UNSUPPORTED_IN_VERSION",
    }
    SecurityWarning {
        AllowWithNotPrincipal = "ALLOW_WITH_NOT_PRINCIPAL",
        DenyNotActionWithUnsupportedTagKey = "DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        DenyWithUnsupportedTagKey = "DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        ForAllValuesWithSingleValuedKey = "FORALLVALUES_WITH_SINGLE_VALUED_KEY",
        MissingPairedConditionKeys = "MISSING_PAIRED_CONDITION_KEYS",
        PassRoleWithNotActionAndNotResource = "PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE",
        PassRoleWithNotResource = "PASS_ROLE_WITH_NOT_RESOURCE",
        PassRoleWithStarInActionAndNotResource = "PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE",
        PassRoleWithStarInActionAndResource = "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE",
        PassRoleWithStarInResource = "PASS_ROLE_WITH_STAR_IN_RESOURCE",
        PassRoleWithStarInResourceAndNotAction = "PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION",
    }
    Warning {
        CreateSlrWithNotActionAndNotResource = "CREATE_SLR_WITH_NOT_ACTION_AND_NOT_RESOURCE",
        CreateSlrWithNotResource = "CREATE_SLR_WITH_NOT_RESOURCE",
        CreateSlrWithStarInActionAndNotResource = "CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE",
        CreateSlrWithStarInActionAndResource = "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE",
        CreateSlrWithStarInResource = "CREATE_SLR_WITH_STAR_IN_RESOURCE",
        CreateSlrWithStarInResourceAndNotAction = "CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION",
        InvalidDateValue = "INVALID_DATE_VALUE",
        InvalidRoleReference = "INVALID_ROLE_REFERENCE",
        InvalidUserReference = "INVALID_USER_REFERENCE",
        MissingVersion = "MISSING_VERSION",
        PolicySizeExceedsIdentityPolicyQuota = "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA",
        TypeMismatch = "TYPE_MISMATCH",
        TypeMismatchBoolean = "TYPE_MISMATCH_BOOLEAN",
        TypeMismatchDate = "TYPE_MISMATCH_DATE",
        TypeMismatchIpRange = "TYPE_MISMATCH_IP_RANGE",
        TypeMismatchNumber = "TYPE_MISMATCH_NUMBER",
        TypeMismatchString = "TYPE_MISMATCH_STRING",
        UniqueSidsRecommended = "UNIQUE_SIDS_RECOMMENDED",
        WildcardWithoutLikeOperator = "WILDCARD_WITHOUT_LIKE_OPERATOR",
    }
    Suggestion {
        AllowNotActionWithUnsupportedTagKey = "ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        AllowWithUnsupportedTagKey = "ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        EmptyArrayAction = "EMPTY_ARRAY_ACTION",
        EmptyArrayCondition = "EMPTY_ARRAY_CONDITION",
        EmptyArrayConditionForAllValues = "EMPTY_ARRAY_CONDITION_FORALLVALUES",
        EmptyArrayConditionForAnyValue = "EMPTY_ARRAY_CONDITION_FORANYVALUE",
        EmptyArrayConditionIfExists = "EMPTY_ARRAY_CONDITION_IFEXISTS",
        EmptyArrayPrincipal = "EMPTY_ARRAY_PRINCIPAL",
        EmptyArrayResource = "EMPTY_ARRAY_RESOURCE",
        EmptyObjectCondition = "EMPTY_OBJECT_CONDITION",
        EmptyObjectPrincipal = "EMPTY_OBJECT_PRINCIPAL",
        EmptySidValue = "EMPTY_SID_VALUE",
        ImproveIpRange = "IMPROVE_IP_RANGE",
        NullWithQualifier = "NULL_WITH_QUALIFIER",
        PrivateIpAddressSubset = "PRIVATE_IP_ADDRESS_SUBSET",
        PrivateNotIpAddressSubset = "PRIVATE_NOT_IP_ADDRESS_SUBSET",
        RedundantAction = "REDUNDANT_ACTION",
        RedundantConditionValueNum = "REDUNDANT_CONDITION_VALUE_NUM",
        RedundantResource = "REDUNDANT_RESOURCE",
        RedundantStatement = "REDUNDANT_STATEMENT",
    }
    Warning {
        ActionNotOnResource = "TRAILTRIM_ACTION_NOT_ON_RESOURCE",
        ConditionKeyNotOfAction = "TRAILTRIM_CONDITION_KEY_NOT_OF_ACTION",
        TrustPolicySize = "TRAILTRIM_POLICY_SIZE_EXCEEDS_TRUST_POLICY_QUOTA",
    }
    Error {
        InvalidServicePrincipal = "TRAILTRIM_INVALID_SERVICE_PRINCIPAL",
        TrustPolicySizeAtMost = "TRAILTRIM_POLICY_SIZE_EXCEEDS_TRUST_POLICY_MAXIMUM",
    }
}

impl Code {
    /// Checks about the same danger have one name: a policy that is made narrower may pass from one to another without having
    /// become worse (`Action: *` on `*` becomes `iam:PassRole` on `*`).
    #[must_use]
    pub fn family(self) -> &'static str {
        let code = self.as_str();
        ["PASS_ROLE_", "CREATE_SLR_"].into_iter().find(|family| code.starts_with(family)).unwrap_or(code)
    }
}
