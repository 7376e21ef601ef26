// gocql against the server at $OXBOW_CQL: it prepares every statement, and never asks for the metadata of rows twice.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math/big"
	"net"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gocql/gocql"
	"gopkg.in/inf.v0"
)

func must(err error) {
	if err != nil {
		log.Output(2, err.Error())
		os.Exit(1)
	}
}

func expect(is bool, words string, values ...interface{}) {
	if !is {
		log.Output(2, fmt.Sprintf(words, values...))
		os.Exit(1)
	}
}

func open(keyspace string, protocol int) *gocql.Session {
	host, port, _ := net.SplitHostPort(os.Getenv("OXBOW_CQL"))
	cluster := gocql.NewCluster(host)
	cluster.Port, _ = strconv.Atoi(port)
	cluster.Keyspace = keyspace
	cluster.ProtoVersion = protocol
	cluster.Consistency = gocql.One
	cluster.Timeout = 10 * time.Second
	session, err := cluster.CreateSession()
	must(err)
	return session
}

type address struct {
	Street string   `cql:"street"`
	Number int      `cql:"number"`
	Tags   []string `cql:"tags"`
}

func roundTrip(session *gocql.Session) {
	must(session.Query("CREATE TYPE address (street text, number int, tags frozen<set<text>>)").Exec())
	must(session.Query(`CREATE TABLE types (k int PRIMARY KEY, a ascii, bi bigint, bl blob, bo boolean, de decimal, da date, dou double,
		fl float, ine inet, si smallint, t text, ti time, ts timestamp, tu timeuuid, tiny tinyint, u uuid, vi varint, du duration,
		li list<int>, se set<text>, ma map<text, bigint>, fr frozen<list<frozen<map<int, text>>>>, ad address, fa frozen<address>)`).Exec())
	at := time.Date(2026, 11, 21, 1, 2, 3, 4000000, time.UTC)
	huge, _ := new(big.Int).SetString("-1"+strings.Repeat("0", 40), 10)
	home := address{"main", 5, []string{"x"}}
	names := "k, a, bi, bl, bo, de, da, dou, fl, ine, si, t, ti, ts, tu, tiny, u, vi, du, li, se, ma, fr, ad, fa"
	in := []interface{}{1, "ascii", int64(-1 << 63), []byte{0, 255}, true, inf.NewDec(-150, 2), time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), 1e300,
		float32(0.5), net.ParseIP("::1"), int16(-2), "h\u00e9", 8 * time.Hour, at, gocql.TimeUUID(), int8(-128), gocql.TimeUUID(), huge,
		gocql.Duration{Months: 14, Days: 3, Nanoseconds: 5}, []int{3, 1, 3}, []string{"a", "b"}, map[string]int64{"x": 1},
		[]map[int]string{{1: "a"}, {}}, home, home}
	must(session.Query("INSERT INTO types ("+names+") VALUES (?"+strings.Repeat(", ?", len(in)-1)+")", in...).Exec())
	out := make([]interface{}, len(in))
	for i := range in {
		out[i] = reflect.New(reflect.TypeOf(in[i])).Interface()
	}
	must(session.Query("SELECT "+names+" FROM types WHERE k = ?", 1).Scan(out...))
	for i := range in {
		got := reflect.ValueOf(out[i]).Elem().Interface()
		expect(reflect.DeepEqual(got, in[i]) || fmt.Sprint(got) == fmt.Sprint(in[i]), "%s: %v is not %v", strings.Split(names, ", ")[i], got, in[i])
	}
	must(session.Query("INSERT INTO types (k, a, t) VALUES (:k, :a, :t)", gocql.NamedValue("k", 2), gocql.NamedValue("a", gocql.UnsetValue), gocql.NamedValue("t", nil)).Exec())
	row := map[string]interface{}{}
	must(session.Query("SELECT * FROM types WHERE k = 2").MapScan(row))
	expect(len(row) == len(in), "%d columns", len(row))
}

// Containers in containers, numbers that are equal and written differently, and paging, policies and values by name.
func containers(session *gocql.Session) {
	must(session.Query("CREATE TYPE point (at inet, d decimal)").Exec())
	must(session.Query(`CREATE TABLE deep (k int PRIMARY KEY, n map<text, frozen<map<int, frozen<set<varint>>>>>, t tuple<int, text, inet>, l list<frozen<tuple<int, duration>>>,
		p map<text, frozen<point>>, sd set<decimal>, dates list<date>, times list<time>, si set<inet>)`).Exec())
	type point struct {
		At net.IP   `cql:"at"`
		D  *inf.Dec `cql:"d"`
	}
	n := map[string]map[int][]*big.Int{"a": {-1: {big.NewInt(-129), big.NewInt(0), big.NewInt(1 << 40)}, 2: {}}}
	p := map[string]point{"x": {net.ParseIP("10.1.2.3"), inf.NewDec(-5, 3)}}
	sd := []*inf.Dec{inf.NewDec(-15, 1), inf.NewDec(2, 0)}
	times := []time.Duration{0, 24*time.Hour - 1}
	si := []net.IP{net.ParseIP("::2"), net.ParseIP("1.2.3.4")}
	must(session.Query("INSERT INTO deep (k, n, t, p, sd, times, si) VALUES (?, ?, (1, 'two', 'fe80::1'), ?, ?, ?, ?)", 1, n, p, sd, times, si).Exec())
	var gotN map[string]map[int][]*big.Int
	var gotP map[string]point
	var gotD []*inf.Dec
	var gotTimes []time.Duration
	var gotI []net.IP
	var one int
	var two string
	var three net.IP
	must(session.Query("SELECT n, t, p, sd, times, si FROM deep WHERE k = 1").Scan(&gotN, &one, &two, &three, &gotP, &gotD, &gotTimes, &gotI))
	expect(fmt.Sprint(gotN) == fmt.Sprint(n) && one == 1 && two == "two" && three.String() == "fe80::1", "%v %v %v %v", gotN, one, two, three)
	expect(gotP["x"].At.Equal(p["x"].At) && gotP["x"].D.Cmp(p["x"].D) == 0 && fmt.Sprint(gotD, gotTimes, gotI) == fmt.Sprint(sd, times, si), "%v %v %v %v", gotP, gotD, gotTimes, gotI)
	must(session.Query("UPDATE deep SET sd = sd - ?, n[?] = ? WHERE k = ?", []*inf.Dec{inf.NewDec(200, 2)}, "b", map[int][]*big.Int{3: {}}, 1).Exec())
	must(session.Query("SELECT sd, n FROM deep WHERE k = 1").Scan(&gotD, &gotN))
	expect(len(gotD) == 1 && len(gotN) == 2, "%v %v", gotD, gotN)
	bound := session.Bind("SELECT k FROM deep WHERE k = :which", func(info *gocql.QueryInfo) ([]interface{}, error) {
		expect(len(info.Args) == 1 && info.Args[0].Name == "which" && len(info.PKeyColumns) <= 1, "%v", info)
		return []interface{}{1}, nil
	})
	must(bound.Idempotent(true).SetSpeculativeExecutionPolicy(gocql.NonSpeculativeExecution{}).RetryPolicy(&gocql.SimpleRetryPolicy{NumRetries: 1}).WithTimestamp(7).Scan(&one))
	scanner := session.Query("SELECT c, v FROM b").PageSize(7).Prefetch(0.5).Iter().Scanner()
	rows := 0
	for scanner.Next() {
		must(scanner.Scan(&one, &two))
		rows++
	}
	must(scanner.Err())
	expect(rows == 99, "%d rows", rows)
}

func batches(session *gocql.Session) {
	must(session.Query("CREATE TABLE b (p int, c int, v text, s text static, PRIMARY KEY (p, c)) WITH CLUSTERING ORDER BY (c DESC)").Exec())
	must(session.Query("CREATE TABLE clicks (k text PRIMARY KEY, n counter)").Exec())
	for _, kind := range []gocql.BatchType{gocql.LoggedBatch, gocql.UnloggedBatch} {
		batch := session.NewBatch(kind)
		for c := 0; c < 50; c++ {
			batch.Query("INSERT INTO b (p, c, v) VALUES (?, ?, ?)", int(kind), c, fmt.Sprint(c))
		}
		batch.Query("DELETE FROM b WHERE p = 0 AND c = 0")
		must(session.ExecuteBatch(batch))
	}
	batch := session.NewBatch(gocql.CounterBatch)
	batch.Query("UPDATE clicks SET n = n + ? WHERE k = ?", 5, "a")
	batch.Query("UPDATE clicks SET n = n - 1 WHERE k = 'a'")
	must(session.ExecuteBatch(batch))
	var n int64
	must(session.Query("SELECT n FROM clicks WHERE k = 'a'").Scan(&n))
	expect(n == 4, "%d", n)
	for _, size := range []int{1, 3, 49, 100} {
		iter := session.Query("SELECT c FROM b WHERE p = ?", 1).PageSize(size).Iter()
		var c int
		for want := 49; iter.Scan(&c); want-- {
			expect(c == want, "%d is not %d with pages of %d", c, want, size)
		}
		must(iter.Close())
		expect(c == 0, "ended at %d with pages of %d", c, size)
	}
	page := session.Query("SELECT c FROM b WHERE p = 1").PageSize(10).PageState(nil).Iter()
	state := page.PageState()
	expect(page.NumRows() == 10 && len(state) > 0, "%d rows", page.NumRows())
	must(page.Close())
	next := session.Query("SELECT c FROM b WHERE p = 1").PageSize(100).PageState(state).Iter()
	expect(next.NumRows() == 40, "%d rows are left", next.NumRows())
	must(next.Close())
}

func lightweight(session *gocql.Session) {
	var p, c int
	var s, v string
	insert := "INSERT INTO b (p, c, v) VALUES (?, ?, ?) IF NOT EXISTS"
	applied, err := session.Query(insert, 5, 1, "a").ScanCAS(&p, &c, &s, &v)
	must(err)
	expect(applied, "the row was there")
	applied, err = session.Query(insert, 5, 1, "b").ScanCAS(&p, &c, &s, &v)
	must(err)
	expect(!applied && p == 5 && c == 1 && v == "a", "applied: %v %v %v %q", applied, p, c, v)
	found := map[string]interface{}{}
	applied, err = session.Query("UPDATE b SET v = ? WHERE p = 5 AND c = 1 IF v = ?", "c", "b").MapScanCAS(found)
	must(err)
	expect(!applied && found["v"] == "a", "%v", found)
	batch := session.NewBatch(gocql.LoggedBatch)
	batch.Query(insert, 5, 2, "x")
	batch.Query("UPDATE b SET s = 'static' WHERE p = 5 IF s = null")
	applied, iter, err := session.ExecuteBatchCAS(batch)
	must(err)
	expect(applied, "the batch was not applied")
	must(iter.Close())
}

func metadata(session *gocql.Session) {
	keyspace, err := session.KeyspaceMetadata("golang")
	must(err)
	table := keyspace.Tables["b"]
	expect(table != nil && len(table.PartitionKey) == 1 && table.ClusteringColumns[0].Name == "c" && table.Columns["s"].Kind == gocql.ColumnStatic, "%v", table)
	expect(keyspace.StrategyClass != "" && keyspace.UserTypes["address"] != nil, "%v", keyspace)
	must(session.Query("CREATE MATERIALIZED VIEW by_v AS SELECT p, c, v FROM b WHERE p IS NOT NULL AND c IS NOT NULL AND v IS NOT NULL PRIMARY KEY (v, p, c)").Exec())
	must(session.Query("CREATE FUNCTION plus(a int, b int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE lua AS 'return a + b'").Exec())
	must(session.Query("CREATE FUNCTION whole(a int) CALLED ON NULL INPUT RETURNS int LANGUAGE lua AS 'return a'").Exec())
	must(session.Query("CREATE AGGREGATE total(int) SFUNC plus STYPE int FINALFUNC whole INITCOND 0").Exec()) // this driver wants a FINALFUNC
	must(session.AwaitSchemaAgreement(context.Background()))
	for i := 0; i < 100; i++ { // events come when they come
		keyspace, err = session.KeyspaceMetadata("golang")
		must(err)
		if keyspace.MaterializedViews["by_v"] != nil && keyspace.Functions["plus"] != nil && keyspace.Aggregates["total"] != nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	view, function, aggregate := keyspace.MaterializedViews["by_v"], keyspace.Functions["plus"], keyspace.Aggregates["total"]
	expect(view != nil && view.BaseTable.Name == "b" && !view.IncludeAllColumns, "%v", view)
	expect(function != nil && function.Body == "return a + b" && function.Language == "lua" && !function.CalledOnNullInput && reflect.DeepEqual(function.ArgumentNames, []string{"a", "b"}), "%v", function)
	expect(aggregate != nil && aggregate.StateFunc.Name == "plus" && aggregate.InitCond == "0", "%v", aggregate)
}

func refused(err error, code int, words string) {
	var failure gocql.RequestError
	expect(errors.As(err, &failure) && failure.Code() == code && strings.Contains(failure.Message(), words), "%v", err)
}

func mistakes(session *gocql.Session) {
	refused(session.Query("SELEC").Exec(), gocql.ErrCodeSyntax, "no viable alternative")
	refused(session.Query("SELECT * FROM nothing").Exec(), gocql.ErrCodeInvalid, "table nothing does not exist")
	refused(session.Query("CREATE TABLE b (k int PRIMARY KEY)").Exec(), gocql.ErrCodeAlreadyExists, "existing table")
	refused(session.Query("SELECT * FROM b WHERE v = 'x'").Exec(), gocql.ErrCodeInvalid, "ALLOW FILTERING")
	err := session.Query("SELECT v FROM b WHERE p = 5 AND c = 99").Scan(new(string))
	expect(err == gocql.ErrNotFound, "%v", err)
}

func manyAtOnce(session *gocql.Session) {
	must(session.Query("CREATE TABLE many (k int PRIMARY KEY, v text)").Exec())
	var group sync.WaitGroup
	for worker := 0; worker < 100; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			for i := 0; i < 20; i++ {
				k := worker*20 + i
				must(session.Query("INSERT INTO many (k, v) VALUES (?, ?)", k, fmt.Sprint(k)).Exec())
				row := map[string]interface{}{}
				// It takes rows for those that it was told of when it prepared, also when it is told otherwise.
				must(session.Query("SELECT * FROM many WHERE k = ?", k).NoSkipMetadata().MapScan(row))
				expect(row["v"] == fmt.Sprint(k), "%v", row)
			}
		}(worker)
	}
	time.Sleep(20 * time.Millisecond)
	must(session.Query("ALTER TABLE many ADD a int").Exec())
	must(session.Query("ALTER TABLE many ADD z int").Exec())
	group.Wait()
	row := map[string]interface{}{}
	must(session.Query("SELECT * FROM many WHERE k = ?", 7).MapScan(row))
	expect(len(row) == 4 && row["v"] == "7", "%v", row)
	var count int
	must(session.Query("SELECT count(*) FROM many").Scan(&count))
	expect(count == 2000, "%d rows", count)
}

func main() {
	log.SetFlags(log.Lshortfile)
	first := open("", 4)
	must(first.Query("CREATE KEYSPACE golang WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}").Exec())
	first.Close()
	session := open("golang", 4)
	roundTrip(session)
	batches(session)
	containers(session)
	lightweight(session)
	metadata(session)
	mistakes(session)
	manyAtOnce(session)
	session.Close()
	for _, protocol := range []int{0, 3} {
		session = open("golang", protocol)
		var v string
		must(session.Query("SELECT v FROM b WHERE p = 1 AND c = 1").Scan(&v))
		session.Close()
	}
}
