//! Golden files of every case, in `tests/statuses`; `UPDATE=1` rewrites them.

use crate::cases;
use std::path::Path;
use std::{env, fs};

#[test]
fn statuses_are_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/statuses");
    let mut wrong = Vec::new();
    for case in cases::all() {
        let text = serde_saphyr::to_string(&case.status(0, None)).unwrap();
        let path = folder.join(format!("{}.yaml", case.name));
        if env::var_os("UPDATE").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &text).unwrap();
        }
        if fs::read_to_string(&path).unwrap_or_default() != text {
            wrong.push(format!("{}:\n{text}", case.name));
        }
    }
    assert!(wrong.is_empty(), "read the texts, then run with UPDATE=1:\n{}", wrong.join("\n"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), cases::all().len(), "a file without its case");
}
