//! What a replica left on its private disk.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use globset::{Glob, GlobSet, GlobSetBuilder};
use sha2::{Digest, Sha256};

use crate::model::event::FileChange;

/// More files than this are summed up in one entry: a build folder must not flood the log.
const MOST: usize = 1000;
/// Opening a file for writing copies it up, written or not. Files up to this size are compared to tell.
const COMPARED_BYTES: u64 = 64 << 20;
/// What differs later than this shows in the size, or in the time.
const DIGESTED_BYTES: u64 = 1 << 20;

/// A folder whose changes are known.
pub enum Layer {
    /// `upper` holds what differs from `lower`.
    Overlay { label: &'static str, lower: PathBuf, upper: PathBuf },
    /// `folder` looked like `before` when the replica started.
    Copy { label: &'static str, folder: PathBuf, before: Manifest },
}

/// A file that a replica wrote.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written {
    /// Relative to the project, or starting with `$HOME/` or `$TMPDIR/`; with `/`.
    pub path: String,
    pub bytes: u64,
    pub change: Change,
    /// Of the first MiB, or of where a symlink leads; `None` for what was deleted or could not be read.
    pub digest: Option<String>,
    /// Changed after the replica was ready.
    pub after_ready: bool,
}

/// [`FileChange`] with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    Created,
    Modified,
    Deleted,
}

impl From<Change> for FileChange {
    fn from(change: Change) -> Self {
        match change {
            Change::Created => FileChange::Created,
            Change::Modified => FileChange::Modified,
            Change::Deleted => FileChange::Deleted,
        }
    }
}

/// Sizes and times of the files of a folder, by relative path.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Manifest(BTreeMap<PathBuf, Stamp>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: (i64, i64),
}

impl Manifest {
    pub fn of(folder: &Path) -> Manifest {
        let mut files = BTreeMap::new();
        walk(folder, Path::new(""), &mut |path, data| {
            files.insert(path.to_owned(), Stamp { bytes: data.len(), modified: (data.mtime(), data.mtime_nsec()) });
        });
        Manifest(files)
    }
}

/// The files that differ, without noise, by path. What exceeds the bound is the last entry, `(12 more files)`, with the
/// bytes of all of them. `ready`: when the replica was, if it was.
pub fn written(layers: &[Layer], ready: Option<SystemTime>) -> Vec<Written> {
    let mut files: Vec<(Written, PathBuf)> = layers.iter().flat_map(changes).collect();
    files.sort_unstable();
    let more = files.split_off(files.len().min(MOST));
    let mut files: Vec<Written> = files.into_iter().map(|(file, at)| examined(file, &at, ready)).collect();
    if !more.is_empty() {
        let path = format!("({} more files)", more.len());
        let bytes = more.iter().map(|(file, _)| file.bytes).sum();
        files.push(Written { path, bytes, change: Change::Created, digest: None, after_ready: false });
    }
    files
}

/// Fills in what only a look at the file tells.
fn examined(file: Written, at: &Path, ready: Option<SystemTime>) -> Written {
    if file.change == Change::Deleted {
        return file;
    }
    let Ok(data) = fs::symlink_metadata(at) else { return file };
    let digest = if data.is_symlink() {
        fs::read_link(at).ok().map(|to| digest(to.as_os_str().as_encoded_bytes()))
    } else if data.is_file() {
        let mut start = Vec::new();
        let read = fs::File::open(at).and_then(|file| file.take(DIGESTED_BYTES).read_to_end(&mut start));
        read.ok().map(|_| digest(&start))
    } else {
        None
    };
    // The change of the inode tells of a rename and of a time that the app itself has set.
    let after_ready = ready.is_some_and(|ready| last_change(&data) > ready);
    Written { digest, after_ready, ..file }
}

fn last_change(data: &Metadata) -> SystemTime {
    let time = |seconds: i64, nanos: i64| {
        UNIX_EPOCH + Duration::new(u64::try_from(seconds).unwrap_or(0), u32::try_from(nanos).unwrap_or(0))
    };
    time(data.mtime(), data.mtime_nsec()).max(time(data.ctime(), data.ctime_nsec()))
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// Each with where it lies.
fn changes(layer: &Layer) -> Vec<(Written, PathBuf)> {
    let mut found = Vec::new();
    let (label, root) = match layer {
        Layer::Overlay { label, lower, upper } => {
            compare_layers(lower, upper, &mut found);
            (label, upper)
        }
        Layer::Copy { label, folder, before } => {
            compare_manifests(before, &Manifest::of(folder), &mut found);
            (label, folder)
        }
    };
    let named = |(path, bytes, change): Found| {
        let at = root.join(&path);
        let path: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        let path = path.join("/");
        let noise = NOISE.is_match(&path);
        let path = if label.is_empty() { path } else { format!("{label}/{path}") };
        (!noise).then_some((Written { path, bytes, change, digest: None, after_ready: false }, at))
    };
    found.into_iter().filter_map(named).collect()
}

type Found = (PathBuf, u64, Change);

fn compare_manifests(before: &Manifest, after: &Manifest, found: &mut Vec<Found>) {
    for (path, stamp) in &after.0 {
        match before.0.get(path) {
            None => found.push((path.clone(), stamp.bytes, Change::Created)),
            Some(old) if old != stamp => found.push((path.clone(), stamp.bytes, Change::Modified)),
            Some(_) => {}
        }
    }
    let gone = before.0.keys().filter(|path| !after.0.contains_key(*path));
    found.extend(gone.map(|path| (path.clone(), 0, Change::Deleted)));
}

fn compare_layers(lower: &Path, upper: &Path, found: &mut Vec<Found>) {
    let mut replaced = Vec::new();
    walk_with_folders(upper, Path::new(""), &mut |path, data| {
        if data.is_dir() {
            if is_opaque(&upper.join(path)) {
                replaced.push(path.to_owned());
            }
            return;
        }
        let below = fs::symlink_metadata(lower.join(path)).ok();
        let change = match &below {
            _ if is_whiteout(data) => Change::Deleted,
            None => Change::Created,
            Some(old) if old.len() == data.len() && same_bytes(&lower.join(path), &upper.join(path), data) => return,
            Some(_) => Change::Modified,
        };
        if change == Change::Deleted && below.as_ref().is_some_and(Metadata::is_dir) {
            walk(&lower.join(path), path, &mut |gone, _| found.push((gone.to_owned(), 0, Change::Deleted)));
        } else if change != Change::Deleted || below.is_some() {
            found.push((path.to_owned(), if change == Change::Deleted { 0 } else { data.len() }, change));
        }
    });
    // A folder that was removed and made again hides what was in it without naming it.
    for folder in replaced {
        walk(&lower.join(&folder), &folder, &mut |path, _| {
            if fs::symlink_metadata(upper.join(path)).is_err() {
                found.push((path.to_owned(), 0, Change::Deleted));
            }
        });
    }
}

/// overlayfs marks what was deleted by a character device 0/0.
fn is_whiteout(data: &Metadata) -> bool {
    data.file_type().is_char_device() && data.rdev() == 0
}

/// overlayfs marks a folder that hides the one below it by an attribute, whose prefix depends on who mounted.
fn is_opaque(folder: &Path) -> bool {
    ["trusted.overlay.opaque", "user.overlay.opaque"].iter().any(|name| {
        let mut value = [0_u8; 1];
        rustix::fs::lgetxattr(folder, *name, &mut value).is_ok_and(|length| length == 1 && value[0] == b'y')
    })
}

fn same_bytes(one: &Path, other: &Path, data: &Metadata) -> bool {
    if data.is_symlink() {
        return fs::read_link(one).ok() == fs::read_link(other).ok();
    }
    if !data.is_file() || data.len() > COMPARED_BYTES {
        return false;
    }
    let (Ok(one), Ok(other)) = (fs::File::open(one), fs::File::open(other)) else { return false };
    let (mut one, mut other) = (std::io::BufReader::new(one).bytes(), std::io::BufReader::new(other).bytes());
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(Ok(a)), Some(Ok(b))) if a == b => {}
            _ => return false,
        }
    }
}

/// Calls `visit` for everything below `root/at` that is no folder, with its path relative to `root` of the first call.
/// Symlinks are not followed; what cannot be read is as good as not there.
fn walk(root: &Path, at: &Path, visit: &mut dyn FnMut(&Path, &Metadata)) {
    walk_with_folders(root, at, &mut |path, data| {
        if !data.is_dir() {
            visit(path, data);
        }
    });
}

fn walk_with_folders(folder: &Path, at: &Path, visit: &mut dyn FnMut(&Path, &Metadata)) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(data) = entry.metadata() else { continue };
        let path = at.join(entry.file_name());
        visit(&path, &data);
        if data.is_dir() {
            walk_with_folders(&entry.path(), &path, visit);
        }
    }
}

static NOISE: LazyLock<GlobSet> = LazyLock::new(|| {
    let lines = include_str!("noise.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut globs = GlobSetBuilder::new();
    for glob in lines.filter_map(|line| Glob::new(line).ok()) {
        globs.add(glob);
    }
    globs.build().unwrap_or_default()
});

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(folder: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    fn seen(layers: &[Layer]) -> Vec<(String, Change)> {
        written(layers, None).into_iter().map(|file| (file.path, file.change)).collect()
    }

    #[test]
    fn every_line_of_the_noise_table_is_a_glob() {
        let lines = include_str!("noise.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
        assert_eq!(NOISE.len(), lines);
        assert!(NOISE.is_match("app/__pycache__/x.bin"));
        assert!(NOISE.is_match("__pycache__/x.bin"));
        assert!(!NOISE.is_match("uploads/cache.png"));
    }

    #[test]
    fn an_upper_layer_tells_created_from_modified_and_from_merely_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (lower, upper) = (folder.path().join("lower"), folder.path().join("upper"));
        fill(&lower, &[("db.sqlite", "old"), ("opened.txt", "same"), ("config", "1")]);
        fill(
            &upper,
            &[("db.sqlite", "new"), ("opened.txt", "same"), ("uploads/a.png", "x"), ("a/__pycache__/b.pyc", "x")],
        );
        let layers = [Layer::Overlay { label: "", lower, upper }];
        assert_eq!(
            seen(&layers),
            [("db.sqlite".to_owned(), Change::Modified), ("uploads/a.png".to_owned(), Change::Created)]
        );
    }

    #[test]
    fn a_copy_is_compared_with_what_it_was() {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path(), &[("kept", "1"), ("changed", "1"), ("gone", "1")]);
        let before = Manifest::of(folder.path());
        fill(folder.path(), &[("changed", "22"), ("new/file", "1")]);
        fs::remove_file(folder.path().join("gone")).unwrap();
        let layers = [Layer::Copy { label: "$HOME", folder: folder.path().to_owned(), before }];
        assert_eq!(
            seen(&layers),
            [
                ("$HOME/changed".to_owned(), Change::Modified),
                ("$HOME/gone".to_owned(), Change::Deleted),
                ("$HOME/new/file".to_owned(), Change::Created)
            ]
        );
    }

    #[test]
    fn content_and_time_of_a_file_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("own");
        fill(&own, &[("a", "one"), ("b", "two"), ("c", "one")]);
        let layers = [Layer::Copy { label: "", folder: own, before: Manifest::default() }];
        let hour = Duration::from_secs(3600);
        let files = written(&layers, Some(SystemTime::now() - hour));
        assert_eq!(files[0].digest, files[2].digest);
        assert_ne!(files[0].digest, files[1].digest);
        assert!(files.iter().all(|file| file.digest.is_some() && file.after_ready));
        assert!(written(&layers, Some(SystemTime::now() + hour)).iter().all(|file| !file.after_ready));
    }

    #[test]
    fn a_flood_of_files_is_summed_up() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..MOST + 7 {
            fs::write(folder.path().join(format!("{number:05}")), "ab").unwrap();
        }
        let layers = [Layer::Copy { label: "", folder: folder.path().to_owned(), before: Manifest::default() }];
        let files = written(&layers, None);
        assert_eq!(files.len(), MOST + 1);
        assert_eq!((files[MOST].path.as_str(), files[MOST].bytes), ("(7 more files)", 14));
    }
}
