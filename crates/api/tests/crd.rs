//! The committed CustomResourceDefinition is what the types say.

use std::{env, fs, path::Path};

#[test]
fn crd_file_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crds/jenkinsstack.io_jenkinsstacks.yaml");
    let current = jenkinsstack_api::crd_yaml().unwrap();
    if env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &current).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == current, "crds/ is not current: run this test with UPDATE=1");
}
