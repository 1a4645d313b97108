//! `volumeMounts`, with the `volumes` or the claims behind them.
//!
//! Kinds of volumes: <https://kubernetes.io/docs/concepts/storage/volumes/>. Access modes speak of nodes, not of pods:
//! <https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes>.

use std::rc::Rc;

use super::{Document, Reader, list, text};
use crate::model::Name;
use crate::model::deployment::{Mount, Sharing};
use crate::source::yaml::Node;

/// Volumes by the key that tells what they are, who sees what is written to them, and whether they are only read.
const KINDS: &[(&str, Sharing, bool)] = &[
    ("emptyDir", Sharing::Ephemeral, false),
    ("ephemeral", Sharing::Ephemeral, false),
    ("hostPath", Sharing::Bind, false),
    ("nfs", Sharing::Network, false),
    ("cephfs", Sharing::Network, false),
    ("glusterfs", Sharing::Network, false),
    ("azureFile", Sharing::Network, false),
    ("awsElasticBlockStore", Sharing::Host, false),
    ("gcePersistentDisk", Sharing::Host, false),
    ("azureDisk", Sharing::Host, false),
    ("cinder", Sharing::Host, false),
    ("rbd", Sharing::Host, false),
    ("iscsi", Sharing::Host, false),
    ("fc", Sharing::Host, false),
    ("vsphereVolume", Sharing::Host, false),
    ("configMap", Sharing::Network, true),
    ("secret", Sharing::Network, true),
    ("projected", Sharing::Network, true),
    ("downwardAPI", Sharing::Network, true),
    ("image", Sharing::Network, true),
];

/// Drivers that several nodes mount at once, and the one that gives Secrets.
const DRIVERS: &[(&str, bool)] = &[
    ("efs.csi.aws.com", false),
    ("fsx.csi.aws.com", false),
    ("s3.csi.aws.com", false),
    ("file.csi.azure.com", false),
    ("blob.csi.azure.com", false),
    ("filestore.csi.storage.gke.io", false),
    ("gcsfuse.csi.storage.gke.io", false),
    ("nfs.csi.k8s.io", false),
    ("smb.csi.k8s.io", false),
    ("cephfs.csi.ceph.com", false),
    ("secrets-store.csi.k8s.io", true),
];

impl Reader<'_> {
    /// What a container mounts of the volumes of its pod.
    pub(super) fn mounts(&self, container: &Node, pod: &Node) -> Vec<Mount> {
        let mount = |item: &Rc<Node>| {
            let name = text(item, "name")?;
            let target = item.get("mountPath")?;
            let volume = list(pod, "volumes").iter().find(|volume| text(volume, "name") == Some(name));
            let (source, sharing, read_only) =
                volume.map_or((name.clone(), Sharing::Unknown, false), |volume| kind(volume, name));
            Some(Mount {
                source,
                target: target.text()?.clone(),
                read_only: read_only || item.get("readOnly").is_some_and(|node| node.is_true()),
                sharing,
                span: target.span,
            })
        };
        list(container, "volumeMounts").iter().filter_map(mount).collect()
    }

    /// A claim that every pod of a StatefulSet has for itself.
    pub(super) fn claims(&self, document: &Document<'_>, mounts: &mut [Mount]) {
        let claims = list(document.node, "spec.volumeClaimTemplates");
        let names: Vec<&Name> = claims.iter().filter_map(|claim| text(claim, "metadata.name")).collect();
        let own = |mount: &&mut Mount| mount.sharing == Sharing::Unknown && names.contains(&&mount.source);
        mounts.iter_mut().filter(own).for_each(|mount| mount.sharing = Sharing::Own);
    }
}

/// The name of the claim, the path or else the volume; who shares it; whether it is only read.
fn kind(volume: &Node, name: &Name) -> (Name, Sharing, bool) {
    let read_only = |node: &Node| node.get("readOnly").is_some_and(|node| node.is_true());
    if let Some(claim) = volume.get("persistentVolumeClaim") {
        let source = text(claim, "claimName").unwrap_or(name).clone();
        return (source, Sharing::Unknown, read_only(claim));
    }
    if let Some(csi) = volume.get("csi") {
        let driver = text(csi, "driver").map_or("", |driver| driver.as_str());
        let known = DRIVERS.iter().find(|(known, _)| *known == driver);
        let sharing = known.map_or(Sharing::Unknown, |_| Sharing::Network);
        return (name.clone(), sharing, read_only(csi) || known.is_some_and(|(_, only_read)| *only_read));
    }
    // An `emptyDir:` without fields is one as well.
    let has = |key: &str| volume.mapping().is_some_and(|mapping| mapping.entry(key).is_some());
    let Some((key, sharing, only_read)) = KINDS.iter().find(|(key, ..)| has(key)) else {
        return (name.clone(), Sharing::Unknown, false);
    };
    let source = text(volume, "hostPath.path").unwrap_or(name).clone();
    (source, *sharing, *only_read || volume.get(key).is_some_and(|node| read_only(node)))
}
