//! The blast radius of the sample organisation against what was worked out by hand from its policies.

use std::collections::BTreeMap;

use super::common::{json, root, run_sample};

#[test]
fn reach_before_and_after_is_what_the_policies_say() {
    let dir = tempfile::tempdir().unwrap();
    let output = run_sample(dir.path(), &root().join("testdata/organisation/logs"), &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let out = dir.path().join("out");
    let mut reader = csv::Reader::from_path(out.join("tables/blast_radius.csv")).unwrap();
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(|row| row.unwrap()).collect();
    let cells = |who: &str, names: &[&str]| -> Vec<String> {
        let row = rows.iter().find(|r| r["principal_arn"].ends_with(who)).unwrap();
        names.iter().map(|n| row[*n].clone()).collect()
    };

    // `iam:*` on everything: the nine ways of policies, four of boundaries, three of users' credentials, the trust policy, the second
    // factor; and it can write its own policies. Nothing of it was used but reading.
    let admin = ["can_become_admin_before", "admin_path_before", "can_become_admin_after", "escalations_before", "escalations_after"];
    assert_eq!(cells(":role/break-glass", &admin), ["yes", "iam:PutRolePolicy on itself", "no", "18", "0"]);

    // May pass every role and make functions, but not call them: no way. May change the code of every function of one region:
    // limited, 10 points. sts:AssumeRole 4, objects read 2 and written 2, a function deleted 2, stacks deleted on everything 4.
    let points = ["risk_before", "risk_after", "risk_removed", "escalations_before", "escalations_after", "can_become_admin_before"];
    assert_eq!(cells(":role/deploy/ci-deploy", &points), ["24", "18", "6", "1", "1", "no"]);
    assert_eq!(
        cells(":role/deploy/ci-deploy", &["escalation_ways_before", "escalation_ways_after", "destructive_actions_before", "destructive_actions_after"]),
        [
            "lambda-update-code (limited to arn:aws:lambda:eu-west-1:111122223333:function:*)",
            "lambda-update-code (limited to arn:aws:lambda:eu-west-1:111122223333:function:checkout, arn:aws:lambda:eu-west-1:111122223333:function:mailer)",
            "2",
            "0",
        ]
    );

    // By her group: her objects read 2 and written 2; from the office only. Tables deleted 2 (data) and 2, instances ended 2: both go.
    assert_eq!(cells(":user/ann", &points[..3]), ["10", "4", "6"]);
    assert_eq!(cells(":user/ann", &["data_after"]), ["S3 objects: read under a condition; change under a condition"]);
    assert!(rows.iter().all(|r| r["risk_after"].parse::<u64>().unwrap() <= r["risk_before"].parse::<u64>().unwrap()));

    let sums = &json(&out.join("run.json"))["blast_radius"];
    let sum = |name: &str| rows.iter().map(|r| r[name].parse::<u64>().unwrap()).sum::<u64>();
    for name in ["risk_before", "risk_after", "escalations_before", "escalations_after"] {
        assert_eq!(sums[name].as_u64(), Some(sum(name)), "{name}");
    }
    assert_eq!((&sums["can_become_admin_before"]["yes"], &sums["can_become_admin_after"]["yes"]), (&1.into(), &0.into()));
    let first = &sums["fix_first"][0];
    assert_eq!((first["policy"].as_str(), first["principals"].as_u64(), first["admin_paths_closed"].as_u64()), (Some("IAMFullAccess"), Some(1), Some(1)));
    let evidence = json(&out.join("policies").join(first["folder"].as_str().unwrap()).join("evidence.json"));
    assert_eq!(evidence["policies"][0]["blast_radius"]["risk_removed"], first["risk_removed"]);
    let (page, summary) = (std::fs::read_to_string(out.join("report.html")).unwrap(), std::fs::read_to_string(out.join("summary.md")).unwrap());
    assert!(summary.contains("What to fix first") && summary.contains("IAMFullAccess"));
    assert!(page.contains("IAMFullAccess"), "among the first things to do");
}
