//! What is on a file system: which directories there are, and one marker in each, by which a kept home is known again.

use super::access_point::{AccessPoint, CreationInfo};
use crate::world::Region;
use std::collections::BTreeMap;

/// Directories besides `/`, and markers by directory.
#[derive(Clone, Debug, Default)]
pub(super) struct Data {
    directories: BTreeMap<String, Option<CreationInfo>>,
    markers: BTreeMap<String, String>,
}

impl Data {
    /// Whether a mount of this access point finds its root directory, or makes it.
    pub(super) fn has_root_of(&self, point: &AccessPoint) -> bool {
        point.path == "/" || self.directories.contains_key(&point.path) || point.creation.is_some()
    }
}

/// What the first mount through an access point does: it makes the root directory, owned as the access point says.
pub fn mounted(region: &mut Region, access_point: &str) {
    let Some(point) = region.efs.access_points.get(access_point).cloned() else { return };
    if let Some(file_system) = region.efs.file_systems.get_mut(&point.file_system) {
        file_system.data.directories.entry(point.path).or_insert(point.creation);
    }
}

/// The directory that an access point shows as its root.
pub fn root_directory<'r>(region: &'r Region, access_point: &str) -> Option<&'r str> {
    region.efs.access_points.get(access_point).map(|point| point.path.as_str())
}

/// Leaves a text in a directory of a file system; the directory is there from then on.
pub fn write_marker(region: &mut Region, file_system: &str, directory: &str, text: &str) {
    if let Some(file_system) = region.efs.file_systems.get_mut(file_system) {
        file_system.data.directories.entry(directory.to_owned()).or_default();
        file_system.data.markers.insert(directory.to_owned(), text.to_owned());
    }
}

/// The text that was left in a directory of a file system.
pub fn marker<'r>(region: &'r Region, file_system: &str, directory: &str) -> Option<&'r str> {
    region.efs.file_systems.get(file_system)?.data.markers.get(directory).map(String::as_str)
}
