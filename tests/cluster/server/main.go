// Command jenkinsstack-cluster-server is etcd, kube-apiserver and kubectl in one program.
//
// The first of argv[0] and argv[1] that is a name below decides what it is:
//
//	etcd, kube-apiserver, kubectl   the upstream command with its upstream flags
//	serve FOLDER FLAG...            etcd and kube-apiserver in one process, with all data in FOLDER
//
// With JENKINSSTACK_CLUSTER_STDIN set, a server ends when its standard input does: the launcher holds the other
// end, so no server outlives it, however it dies. serve then removes FOLDER too, as nobody else can.
package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// stdinVariable makes a server end with its standard input.
const stdinVariable = "JENKINSSTACK_CLUSTER_STDIN"

// walSegmentBytes replaces etcd's 64 MB: it is allocated at the start, and tests write little.
const walSegmentBytes = 4 << 20

var commands = map[string]func(){
	"etcd":           etcd,
	"kube-apiserver": kubeAPIServer,
	"kubectl":        kubectl,
	"serve":          serve,
}

func main() {
	for first := range min(2, len(os.Args)) {
		if command, ok := commands[filepath.Base(os.Args[first])]; ok {
			os.Args = os.Args[first:]
			command()
			return
		}
	}
	fail(fmt.Errorf("say etcd, kube-apiserver, kubectl or serve"))
}

func etcd() {
	endWithStdin(func() {})
	etcdmain.Main(os.Args)
}

func kubeAPIServer() {
	endWithStdin(func() {})
	os.Exit(cli.Run(app.NewAPIServerCommand()))
}

func kubectl() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}

// serve runs etcd on a socket inside the folder, and kube-apiserver on top of it.
func serve() {
	args := os.Args[1:]
	if len(args) == 0 {
		fail(fmt.Errorf("serve needs a folder"))
	}
	folder, err := filepath.Abs(args[0])
	check(err)
	endWithStdin(func() { _ = os.RemoveAll(folder) })
	// The socket's name is relative, as a path may be longer than a socket's name can be.
	check(os.Chdir(folder))
	store := startEtcd()
	command := app.NewAPIServerCommand()
	command.SetArgs(append([]string{"--etcd-servers=" + store.Config().ListenClientUrls[0].String()}, args[1:]...))
	code := cli.Run(command)
	store.Close()
	os.Exit(code)
}

// startEtcd returns when the store in the current folder can be used.
func startEtcd() *embed.Etcd {
	wal.SegmentSizeBytes = walSegmentBytes
	// Sockets in the current folder; etcd demands something that looks like a port.
	client := url.URL{Scheme: "unix", Host: "etcd-clients:0"}
	peer := url.URL{Scheme: "unix", Host: "etcd-peers:0"}
	config := embed.NewConfig()
	config.Dir, config.LogLevel, config.UnsafeNoFsync = "etcd", "error", true
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	// One member has nobody to wait for.
	config.TickMs, config.ElectionMs = 10, 100
	store, err := embed.StartEtcd(config)
	check(err)
	select {
	case <-store.Server.ReadyNotify():
		return store
	case err = <-store.Err():
		fail(err)
		return nil
	}
}

// endWithStdin ends the process when the launcher is gone, after a last action.
func endWithStdin(last func()) {
	if os.Getenv(stdinVariable) == "" {
		return
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		last()
		os.Exit(1)
	}()
}

func check(err error) {
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "jenkinsstack-cluster-server:", err)
	os.Exit(1)
}
