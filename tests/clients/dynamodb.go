// The AWS SDK for Go, version 2, against the server at OXBOW_DYNAMODB: structs, expressions, paginators, waiters, typed errors, streams.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streams "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
)

type reading struct {
	Sensor string            `dynamodbav:"sensor"`
	At     int64             `dynamodbav:"at"`
	Value  float64           `dynamodbav:"value"`
	Tags   []string          `dynamodbav:"tags,stringset,omitempty"`
	Raw    []byte            `dynamodbav:"raw,omitempty"`
	Meta   map[string]string `dynamodbav:"meta,omitempty"`
	Seen   time.Time         `dynamodbav:"seen,unixtime"`
	Note   *string           `dynamodbav:"note"`
}

const count = 60

var (
	background = context.Background()
	table      = aws.String("readings")
	seen       = time.Unix(1700000000, 0)
)

func must(err error) {
	if err != nil {
		log.Fatalf("%T: %v", err, err)
	}
}

func equal(found, expected interface{}) {
	if !reflect.DeepEqual(found, expected) {
		log.Output(2, fmt.Sprintf("found %#v, expected %#v", found, expected))
		os.Exit(1)
	}
}

func text(value string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: value} }
func number(value string) types.AttributeValue { return &types.AttributeValueMemberN{Value: value} }

func made(at int64) reading {
	return reading{Sensor: "s", At: at, Value: float64(at%7) + 0.5, Tags: []string{"a", "b"}, Raw: []byte{0, 255}, Meta: map[string]string{"k": "v"}, Seen: seen}
}

func create(db *dynamodb.Client) *types.TableDescription {
	key := func(name string, kind types.KeyType) types.KeySchemaElement {
		return types.KeySchemaElement{AttributeName: aws.String(name), KeyType: kind}
	}
	define := func(name string, kind types.ScalarAttributeType) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: kind}
	}
	answer, err := db.CreateTable(background, &dynamodb.CreateTableInput{
		TableName: table, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{define("sensor", "S"), define("at", "N"), define("value", "N")},
		KeySchema:            []types.KeySchemaElement{key("sensor", "HASH"), key("at", "RANGE")},
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{IndexName: aws.String("by-value"), Projection: &types.Projection{ProjectionType: "ALL"},
			KeySchema: []types.KeySchemaElement{key("sensor", "HASH"), key("value", "RANGE")}}},
		StreamSpecification: &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: "NEW_AND_OLD_IMAGES"}})
	must(err)
	must(dynamodb.NewTableExistsWaiter(db).Wait(background, &dynamodb.DescribeTableInput{TableName: table}, time.Minute))
	return answer.TableDescription
}

func write(db *dynamodb.Client) {
	absent, err := expression.NewBuilder().WithCondition(expression.AttributeNotExists(expression.Name("sensor"))).Build()
	must(err)
	put := func(at int64) error {
		item, err := attributevalue.MarshalMap(made(at))
		must(err)
		_, err = db.PutItem(background, &dynamodb.PutItemInput{TableName: table, Item: item, ConditionExpression: absent.Condition(), ExpressionAttributeNames: absent.Names()})
		return err
	}
	for at := int64(0); at < count; at++ {
		must(put(at))
	}
	var failed *types.ConditionalCheckFailedException
	equal(errors.As(put(3), &failed), true)
	var batch []types.WriteRequest
	for i := 0; i < 25; i++ {
		item, err := attributevalue.MarshalMap(reading{Sensor: fmt.Sprint("b", i), At: 1, Seen: seen})
		must(err)
		batch = append(batch, types.WriteRequest{PutRequest: &types.PutRequest{Item: item}})
	}
	answer, err := db.BatchWriteItem(background, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{*table: batch}})
	must(err)
	equal(len(answer.UnprocessedItems), 0)
}

func read(db *dynamodb.Client) {
	built, err := expression.NewBuilder().
		WithKeyCondition(expression.Key("sensor").Equal(expression.Value("s")).And(expression.Key("at").Between(expression.Value(5), expression.Value(50)))).
		WithFilter(expression.Name("value").GreaterThan(expression.Value(3)).And(expression.Name("tags").Contains("a")).And(expression.Not(expression.Name("meta.k").Equal(expression.Value("w"))))).
		WithProjection(expression.NamesList(expression.Name("at"), expression.Name("value"), expression.Name("meta.k"))).Build()
	must(err)
	var found, expected []reading
	pages := dynamodb.NewQueryPaginator(db, &dynamodb.QueryInput{TableName: table, Limit: aws.Int32(10), KeyConditionExpression: built.KeyCondition(), FilterExpression: built.Filter(),
		ProjectionExpression: built.Projection(), ExpressionAttributeNames: built.Names(), ExpressionAttributeValues: built.Values()})
	for pages.HasMorePages() {
		page, err := pages.NextPage(background)
		must(err)
		var items []reading
		must(attributevalue.UnmarshalListOfMaps(page.Items, &items))
		found = append(found, items...)
	}
	for at := int64(5); at <= 50; at++ {
		if full := made(at); full.Value > 3 {
			expected = append(expected, reading{At: at, Value: full.Value, Meta: full.Meta})
		}
	}
	equal(found, expected)
	whole, err := db.GetItem(background, &dynamodb.GetItemInput{TableName: table, Key: map[string]types.AttributeValue{"sensor": text("s"), "at": number("9")}, ConsistentRead: aws.Bool(true)})
	must(err)
	var one reading
	must(attributevalue.UnmarshalMap(whole.Item, &one))
	equal(one, made(9))
	scanned := 0
	for segment := int32(0); segment < 3; segment++ {
		scan := dynamodb.NewScanPaginator(db, &dynamodb.ScanInput{TableName: table, Limit: aws.Int32(7), Segment: aws.Int32(segment), TotalSegments: aws.Int32(3)})
		for scan.HasMorePages() {
			page, err := scan.NextPage(background)
			must(err)
			scanned += len(page.Items)
		}
	}
	equal(scanned, count+25)
	rows, err := db.ExecuteStatement(background, &dynamodb.ExecuteStatementInput{Statement: aws.String(`SELECT * FROM "readings"."by-value" WHERE sensor = ? AND "value" > ?`),
		Parameters: []types.AttributeValue{text("s"), number("6")}})
	must(err)
	equal(len(rows.Items), 8)
}

func change(db *dynamodb.Client) {
	built, err := expression.NewBuilder().WithUpdate(
		expression.Set(expression.Name("value"), expression.Name("value").Plus(expression.Value(1.25))).
			Set(expression.Name("list"), expression.ListAppend(expression.IfNotExists(expression.Name("list"), expression.Value([]string{})), expression.Value([]string{"x"}))).
			Add(expression.Name("tags"), expression.Value(&types.AttributeValueMemberSS{Value: []string{"c"}})).
			Remove(expression.Name("raw"))).Build()
	must(err)
	key := map[string]types.AttributeValue{"sensor": text("s"), "at": number("7")}
	answer, err := db.UpdateItem(background, &dynamodb.UpdateItemInput{TableName: table, Key: key, UpdateExpression: built.Update(), ExpressionAttributeNames: built.Names(),
		ExpressionAttributeValues: built.Values(), ReturnValues: "ALL_NEW", ReturnConsumedCapacity: "INDEXES"})
	must(err)
	var after reading
	must(attributevalue.UnmarshalMap(answer.Attributes, &after))
	expected := made(7)
	expected.Value, expected.Tags, expected.Raw = 1.75, []string{"a", "b", "c"}, nil
	equal(after, expected)
	equal(*answer.ConsumedCapacity.CapacityUnits, 3.0) // the table, and the entry of the index that goes and the one that comes
	_, err = db.TransactWriteItems(background, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: table, Item: map[string]types.AttributeValue{"sensor": text("t"), "at": number("1")}}},
		{ConditionCheck: &types.ConditionCheck{TableName: table, Key: key, ConditionExpression: aws.String("attribute_not_exists(sensor)"), ReturnValuesOnConditionCheckFailure: "ALL_OLD"}}}})
	var cancelled *types.TransactionCanceledException
	equal(errors.As(err, &cancelled), true)
	equal(*cancelled.CancellationReasons[0].Code, "None")
	equal(*cancelled.CancellationReasons[1].Code, "ConditionalCheckFailed")
	equal(cancelled.CancellationReasons[1].Item["at"], number("7"))
	_, err = db.DescribeTable(background, &dynamodb.DescribeTableInput{TableName: aws.String("absent")})
	var absent *types.ResourceNotFoundException
	equal(errors.As(err, &absent), true)
}

func follow(client *dynamodbstreams.Client, arn *string) {
	described, err := client.DescribeStream(background, &dynamodbstreams.DescribeStreamInput{StreamArn: arn})
	must(err)
	begun, err := client.GetShardIterator(background, &dynamodbstreams.GetShardIteratorInput{StreamArn: arn, ShardId: described.StreamDescription.Shards[0].ShardId, ShardIteratorType: streams.ShardIteratorTypeTrimHorizon})
	must(err)
	names := map[streams.OperationType]int{}
	for iterator, seen := begun.ShardIterator, 0; seen < count+25+1; {
		page, err := client.GetRecords(background, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator})
		must(err)
		for _, record := range page.Records {
			names[record.EventName]++
		}
		iterator, seen = page.NextShardIterator, seen+len(page.Records)
	}
	equal(names, map[streams.OperationType]int{"INSERT": count + 25, "MODIFY": 1})
}

func main() {
	log.SetFlags(log.Lshortfile)
	settings := aws.Config{Region: "eu-west-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "any", SecretAccessKey: "any"}, nil
		}),
		EndpointResolverWithOptions: aws.EndpointResolverWithOptionsFunc(func(_, region string, _ ...interface{}) (aws.Endpoint, error) {
			return aws.Endpoint{URL: "http://" + os.Getenv("OXBOW_DYNAMODB"), SigningRegion: region}, nil
		})}
	db := dynamodb.NewFromConfig(settings)
	described := create(db)
	equal(*described.TableArn, "arn:aws:dynamodb:eu-west-1:000000000000:table/readings")
	write(db)
	read(db)
	change(db)
	follow(dynamodbstreams.NewFromConfig(settings), described.LatestStreamArn)
	_, err := db.DeleteTable(background, &dynamodb.DeleteTableInput{TableName: table})
	must(err)
	must(dynamodb.NewTableNotExistsWaiter(db).Wait(background, &dynamodb.DescribeTableInput{TableName: table}, time.Minute))
}
