//! Every field of the spec changed once: a row says where it is set, and what changes on AWS when it changes.
//!
//! Entry points: [`rows`] has the table, one file for each area of the spec; [`row`] says what a row can tell, [`change`]
//! makes it happen and looks. The list of fields comes from the definition itself, so that a field without a row fails.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod change;
mod row;
mod rows;

use change::check;
use jenkinsstack_sim::Stage;
use row::Row;
use std::collections::BTreeSet;

/// Every row of an area, each in a life of its own.
async fn table(rows: fn(&Stage) -> Vec<Row>) {
    let mut wrong = Vec::new();
    let count = rows(&Stage::set().await.unwrap()).len();
    for number in 0..count {
        let stage = Stage::set().await.unwrap();
        let row = rows(&stage).swap_remove(number);
        // A life is too large for the stack of a test's thread.
        match Box::pin(check(&stage, &row)).await {
            Ok(()) => println!("{row}"),
            Err(error) => wrong.push(format!("{row}\n    {error:#}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {count} rows are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

macro_rules! tables {
    ($($area:ident),*) => {
        $(
            #[tokio::test(start_paused = true)]
            async fn $area() {
                table(rows::$area::rows).await;
            }
        )*

        #[tokio::test(start_paused = true)]
        async fn every_field_has_one_row() {
            let stage = Stage::set().await.unwrap();
            let areas = [$(rows::$area::rows),*];
            let rows: Vec<String> =
                areas.iter().flat_map(|rows| rows(&stage)).map(|row| row.field.to_owned()).collect();
            let fields = row::fields();
            let known: BTreeSet<&String> = rows.iter().collect();
            let without: Vec<&String> = fields.iter().filter(|field| !known.contains(field)).collect();
            assert!(without.is_empty(), "fields without a row: {without:?}");
            let unknown: Vec<&String> = rows.iter().filter(|row| !fields.contains(*row)).collect();
            assert!(unknown.is_empty(), "rows without a field: {unknown:?}");
            assert_eq!(rows.len(), fields.len(), "a field has one row");
        }
    };
}

tables! { auth, aws, controller, endpoint, logs, network, stack, storage }
