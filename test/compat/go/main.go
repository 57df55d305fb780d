// The Go client (github.com/go-zookeeper/zk) against the servers at os.Args[1]: what its users rely
// on, before and after the process os.Args[2] (a leader) is killed; without it nobody is killed.
// Prints one line of JSON for each check.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
)

const limit = 20 * time.Second

var everybody = zk.WorldACL(zk.PermAll)

func connect(servers string) *zk.Conn {
	quiet := zk.WithLogger(log.New(io.Discard, "", 0))
	conn, events, err := zk.Connect(strings.Split(servers, ","), 10*time.Second, quiet)
	if err != nil {
		log.Fatal(err)
	}
	for event := range events {
		if event.State == zk.StateHasSession {
			break
		}
	}
	go func() {
		for range events {
		}
	}()
	return conn
}

// insist makes a call again while the connection is lost; the call must bear being made twice.
func insist(call func() error) error {
	for end := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		err := call()
		lost := errors.Is(err, zk.ErrConnectionClosed) || errors.Is(err, zk.ErrNoServer)
		if !lost || time.Now().After(end) {
			return err
		}
	}
}

func expect(what string, err, wanted error) error {
	if !errors.Is(err, wanted) {
		return fmt.Errorf("%s: %v instead of %v", what, err, wanted)
	}
	return nil
}

func arrives(events <-chan zk.Event, wanted zk.EventType) error {
	select {
	case event := <-events:
		if event.Type != wanted {
			return fmt.Errorf("event %v instead of %v", event.Type, wanted)
		}
		return nil
	case <-time.After(limit):
		return fmt.Errorf("no event %v", wanted)
	}
}

func nodes(conn *zk.Conn) error {
	path, err := conn.Create("/go", []byte("one"), 0, everybody)
	if err != nil || path != "/go" {
		return fmt.Errorf("create: %q %v", path, err)
	}
	_, err = conn.Create("/go", nil, 0, everybody)
	if err := expect("second create", err, zk.ErrNodeExists); err != nil {
		return err
	}
	stat, err := conn.Set("/go", []byte("two"), 0)
	if err != nil || stat.Version != 1 {
		return fmt.Errorf("set: %v %v", stat, err)
	}
	_, err = conn.Set("/go", []byte("x"), 0)
	if err := expect("set with an old version", err, zk.ErrBadVersion); err != nil {
		return err
	}
	path, err = conn.Create("/go/n-", nil, zk.FlagSequence, everybody)
	if err != nil || path != "/go/n-0000000000" {
		return fmt.Errorf("sequential create: %q %v", path, err)
	}
	if _, err = conn.CreateContainer("/go/box", nil, zk.FlagContainer, everybody); err != nil {
		return fmt.Errorf("container: %v", err)
	}
	if _, err = conn.CreateTTL("/go/ttl", nil, zk.FlagTTL, everybody, time.Hour); err != nil {
		return fmt.Errorf("ttl: %v", err)
	}
	names, stat, err := conn.Children("/go")
	if err != nil || len(names) != 3 || stat.NumChildren != 3 {
		return fmt.Errorf("children: %v %v", names, err)
	}
	return expect("delete of a parent", conn.Delete("/go", -1), zk.ErrNotEmpty)
}

func transactions(conn *zk.Conn) error {
	results, err := conn.Multi(
		&zk.CreateRequest{Path: "/go-multi", Data: []byte("x"), Acl: everybody},
		&zk.SetDataRequest{Path: "/go-multi", Data: []byte("y"), Version: 0},
		&zk.CheckVersionRequest{Path: "/go-multi", Version: 1},
	)
	if err != nil || len(results) != 3 || results[0].String != "/go-multi" {
		return fmt.Errorf("multi: %v %v", results, err)
	}
	_, err = conn.Multi(
		&zk.DeleteRequest{Path: "/go-multi", Version: -1},
		&zk.CheckVersionRequest{Path: "/go-multi-none", Version: -1},
	)
	if err := expect("failing multi", err, zk.ErrNoNode); err != nil {
		return err
	}
	if there, _, err := conn.Exists("/go-multi"); err != nil || !there {
		return fmt.Errorf("half a multi was done: %v", err)
	}
	return nil
}

func accessControl(conn, other *zk.Conn) error {
	if err := conn.AddAuth("digest", []byte("me:secret")); err != nil {
		return err
	}
	mine := zk.DigestACL(zk.PermAll, "me", "secret")
	if _, err := conn.Create("/go-mine", []byte("x"), 0, mine); err != nil {
		return err
	}
	if _, err := conn.Set("/go-mine", []byte("y"), -1); err != nil {
		return err
	}
	_, err := other.Set("/go-mine", []byte("z"), -1)
	return expect("set by a stranger", err, zk.ErrNoAuth)
}

func sessionsAndWatches(conn, other *zk.Conn, loseLeader func() error) error {
	session := conn.SessionID()
	if _, err := conn.Create("/go-e", nil, zk.FlagEphemeral, everybody); err != nil {
		return err
	}
	lock, theirs := zk.NewLock(conn, "/go-lock", everybody), zk.NewLock(other, "/go-lock", everybody)
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("lock: %v", err)
	}
	_, _, changed, err := conn.GetW("/go")
	if err != nil {
		return err
	}
	_, _, late, err := conn.ExistsW("/go-late")
	if err != nil {
		return err
	}
	if err := loseLeader(); err != nil {
		return err
	}
	var stat *zk.Stat
	err = insist(func() (err error) { _, stat, err = conn.Exists("/go-e"); return })
	if err != nil || stat.EphemeralOwner != session || conn.SessionID() != session {
		return fmt.Errorf("session %x, %v: %v", session, stat, err)
	}
	if err := insist(func() error { _, err := other.Set("/go", []byte("x"), -1); return err }); err != nil {
		return err
	}
	if err := arrives(changed, zk.EventNodeDataChanged); err != nil {
		return err
	}
	err = insist(func() error { _, err := other.Create("/go-late", nil, 0, everybody); return err })
	if err != nil && !errors.Is(err, zk.ErrNodeExists) {
		return err
	}
	if err := arrives(late, zk.EventNodeCreated); err != nil {
		return err
	}
	return passOn(lock, theirs)
}

// passOn checks that a held lock is not given, and that one given back is.
func passOn(lock, theirs *zk.Lock) error {
	given := make(chan error, 1)
	go func() { given <- theirs.Lock() }()
	select {
	case err := <-given:
		return fmt.Errorf("the lock was lost: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	if err := insist(lock.Unlock); err != nil {
		return fmt.Errorf("unlock: %v", err)
	}
	select {
	case err := <-given:
		return err
	case <-time.After(limit):
		return errors.New("the lock was never passed on")
	}
}

func closing(conn, other *zk.Conn) error {
	var gone <-chan zk.Event
	err := insist(func() (err error) { _, _, gone, err = other.ExistsW("/go-e"); return })
	if err != nil {
		return err
	}
	conn.Close()
	return arrives(gone, zk.EventNodeDeleted)
}

func report(name string, err error) {
	line := map[string]any{"check": name, "error": nil}
	if err != nil {
		line["error"] = err.Error()
	}
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
}

func main() {
	conn, other := connect(os.Args[1]), connect(os.Args[1])
	loseLeader := func() error {
		if len(os.Args) < 3 {
			return nil
		}
		pid, err := strconv.Atoi(os.Args[2])
		if err != nil {
			return err
		}
		process, err := os.FindProcess(pid)
		if err != nil {
			return err
		}
		return process.Kill()
	}
	report("nodes", nodes(conn))
	report("transactions", transactions(conn))
	report("access control", accessControl(conn, other))
	report("sessions and watches", sessionsAndWatches(conn, other, loseLeader))
	report("close", closing(conn, other))
}
