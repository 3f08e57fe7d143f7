//! What the driver of a backup policy promises.

use crate::bench::Bench;
use crate::home::{existing, home, id_of};
use jenkinsstack_aws::Deletion;
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::input::Input;
use jenkinsstack_core::kind::backup_policy::{Backups, Desired, NODE};
use jenkinsstack_core::kind::{Desired as Any, Kind};
use jenkinsstack_core::observed::Seen;
use serde_json::json;

fn policy(bench: &Bench, home: &Seen, backups: Backups) -> (NodeId, Node) {
    let id = NodeId::new(NODE);
    let desired = Desired { file_system: Input::Known(id_of(home)), backups };
    let node = bench.node(&id, "unused", Any::BackupPolicy(desired));
    (id, node)
}

#[tokio::test(start_paused = true)]
async fn backups_are_switched_on_and_off() {
    let bench = Bench::new().await;
    let (home_id, home_node, home) = home(&bench).await;
    let (id, on) = policy(&bench, &home, Backups::Enabled);
    assert_eq!(bench.list(&id, Kind::BackupPolicy).await, []);
    let (seen, calls) = bench.counting(bench.create(&id, &on)).await;
    assert_eq!(calls, ["PutBackupPolicy"]);
    assert_eq!(bench.fields(&seen, &on), [], "what is being switched counts as switched");
    assert_eq!(bench.create(&id, &on).await, seen);
    let (read, calls) = bench.counting(bench.read(&id, &seen)).await;
    assert_eq!((read.as_ref(), calls), (Some(&seen), vec!["DescribeBackupPolicy".to_owned()]));
    assert_eq!(bench.list(&id, Kind::BackupPolicy).await, std::slice::from_ref(&seen));
    let tagged = bench.read(&home_id, &home).await.unwrap();
    assert_eq!(bench.fields(&tagged, &home_node), [], "the tag of AWS Backup is no drift");
    let (_, off) = policy(&bench, &home, Backups::Disabled);
    let seen = bench.update(&id, &seen, &off, &["status"]).await;
    assert_eq!(existing(&bench, "elasticfilesystem:file-system")[0].state["BackupPolicy"], json!("DISABLED"));
    assert_eq!(bench.list(&id, Kind::BackupPolicy).await, std::slice::from_ref(&seen));
    let (deletion, calls) = bench.counting(bench.delete(&id, &seen)).await;
    assert_eq!((deletion, calls), (Deletion::Gone, vec!["DescribeBackupPolicy".to_owned()]));
}
