package notify

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tillpost/tillpost/models"
)

// took is a claim that brought one delivery of the merchant's endpoint and left more.
func took(endpoint string) models.Lane {
	return models.Lane{Endpoint: models.Endpoint{ID: endpoint, MerchantID: "m"}, Deliveries: make([]models.Delivery, 1), More: true}
}

// Whoever got nothing, since others took all the room, comes first the next time.
func TestTheNextTurnIsTheirsWhoGotNothing(t *testing.T) {
	t.Parallel()
	ls, now := newLanes(256), time.Now()
	for _, endpoint := range []string{"a", "b", "c"} {
		ls.wake(endpoint)
	}
	first, _ := ls.next(now, false)
	if !slices.Equal(first.endpoints, []string{"a", "b", "c"}) {
		t.Fatalf("the first turn is %v", first.endpoints)
	}
	ls.wake("c") // more came meanwhile
	passed := func(endpoint string) models.Lane {
		return models.Lane{Endpoint: models.Endpoint{ID: endpoint}, More: true, Passed: true}
	}
	ls.claimed(first.endpoints, []models.Lane{took("a"), passed("b"), passed("c")}, false, now)
	if second, _ := ls.next(now, false); !slices.Equal(second.endpoints, []string{"b", "c", "a"}) {
		t.Errorf("the second turn is %v", second.endpoints)
	}
}

// When places are scarce, all slow endpoints of one merchant get a few of them
// together, and those that answer quickly as many as they like.
func TestSlowEndpointsLeaveRoom(t *testing.T) {
	t.Parallel()
	ls, now := newLanes(256), time.Now()
	ls.wake("quick")
	turn, _ := ls.next(now, false)
	ls.claimed(turn.endpoints, []models.Lane{took("quick")}, false, now)
	ls.landed("quick", time.Millisecond, now)
	for i := range 20 {
		ls.wake("slow" + strconv.Itoa(i))
	}
	turn, _ = ls.next(now, true)
	if len(turn.endpoints) != 21 || len(turn.most) != 20 {
		t.Fatalf("%d endpoints have their turn, %d of them for few", len(turn.endpoints), len(turn.most))
	}
	var got []models.Lane
	for _, endpoint := range turn.endpoints {
		if most, limited := turn.most[endpoint]; limited != (endpoint != "quick") || limited && most != 1 {
			t.Errorf("%s may begin %d, limited %t", endpoint, most, limited)
		}
		got = append(got, took(endpoint))
	}
	ls.claimed(turn.endpoints, got, false, now)
	later := now.Add(time.Second)
	if turn, _ := ls.next(later, true); !slices.Equal(turn.endpoints, []string{"quick"}) {
		t.Errorf("%v have a turn while slow ones hold their places", turn.endpoints)
	}
	ls.claimed([]string{"quick"}, []models.Lane{took("quick")}, false, now)
	for i := range 15 { // all but five answer, late
		ls.landed("slow"+strconv.Itoa(i), 10*time.Second, later)
	}
	turn, _ = ls.next(later, true)
	begun := 0
	for _, most := range turn.most {
		begun += most
	}
	if begun != slowPlaces-5 {
		t.Errorf("slow ones begin %d, want %d beside the five under way", begun, slowPlaces-5)
	}
	if turn, _ := ls.next(later, false); len(turn.endpoints) == 0 {
		t.Error("nobody has a turn though places are plenty")
	}
}

// However many merchants have endpoints that hang, a quarter of the places is
// kept from them, also for those of whom nobody knows yet how they answer.
func TestSlowEndpointsOfManyMerchantsLeaveRoom(t *testing.T) {
	t.Parallel()
	const places = 16
	ls, now := newLanes(places), time.Now()
	claimed := func(turn turn) (begun int) {
		var got []models.Lane
		for _, endpoint := range turn.endpoints {
			if begun == places {
				break
			}
			got = append(got, models.Lane{
				Endpoint: models.Endpoint{ID: endpoint, MerchantID: endpoint}, Deliveries: make([]models.Delivery, 1), More: true,
			})
			begun++
		}
		ls.claimed(turn.endpoints[:begun], got, false, now)
		return begun
	}
	for i := range 40 {
		ls.wake("hangs" + strconv.Itoa(i))
	}
	turn, _ := ls.next(now, true)
	if begun := claimed(turn); begun != places {
		t.Fatalf("%d begin while nobody knows how they answer", begun)
	}
	for i := range places { // all time out
		now = now.Add(time.Second)
		ls.landed("hangs"+strconv.Itoa(i), 15*time.Second, now)
	}
	turn, _ = ls.next(now, true)
	slow := 0
	for _, endpoint := range turn.endpoints {
		if !ls.byEndpoint[endpoint].fresh() {
			slow += turn.most[endpoint]
		}
	}
	if slow > places-places/4 {
		t.Errorf("slow endpoints may begin %d of %d", slow, places)
	}
	ls.wake("new")
	if turn, _ := ls.next(now, true); !slices.Contains(turn.endpoints, "new") || turn.most["new"] != 1 {
		t.Errorf("one of whom nobody knows has no turn: %v", turn)
	}
}

// An endpoint that has all its places taken is asked for again when half of them
// are free, or a moment after the first is: not for each of them.
func TestFullEndpointRefills(t *testing.T) {
	t.Parallel()
	ls, now := newLanes(256), time.Now()
	claim := func(n int) {
		ls.claimed([]string{"a"}, []models.Lane{{
			Endpoint: models.Endpoint{ID: "a", MerchantID: "m", MaxInFlight: 4}, Deliveries: make([]models.Delivery, n), More: true, Full: true,
		}}, false, now)
	}
	turns := func(at time.Time) int {
		turn, _ := ls.next(at, false)
		return len(turn.endpoints)
	}
	ls.wake("a")
	if turns(now) != 1 {
		t.Fatal("it has no turn at first")
	}
	claim(4)
	ls.landed("a", time.Millisecond, now)
	if _, later := ls.next(now, false); !later.Equal(now.Add(refillWait)) {
		t.Errorf("with one place free it is asked for at %s, not %s", later, now.Add(refillWait))
	}
	ls.landed("a", time.Millisecond, now.Add(time.Millisecond))
	if turns(now.Add(time.Millisecond)) != 1 {
		t.Error("with half of its places free it has no turn")
	}
	ls.landed("a", time.Millisecond, now.Add(2*time.Millisecond)) // during the claim
	claim(2)
	if turns(now.Add(2*time.Millisecond)) != 0 || turns(now.Add(2*refillWait)) != 1 {
		t.Error("a place that was freed meanwhile waits for others, for a moment")
	}
	claim(1)
	ls.landed("a", time.Millisecond, now)
	ls.landed("a", time.Millisecond, now)
	if turns(now) != 1 {
		t.Error("with half of its places free it has no turn")
	}
	ls.claimed([]string{"a"}, nil, false, now) // another node holds its row
	ls.landed("a", time.Millisecond, now)
	if turns(now) != 0 || turns(now.Add(lockedWait)) != 1 {
		t.Error("while its row is held it is asked for with each place that is free")
	}
	claim(3)
	for range 4 {
		ls.landed("a", time.Millisecond, now)
	}
	if turns(now) != 1 {
		t.Error("with all of its places free it has no turn")
	}
}

// Whatever is counted of a delivery, the next attempt is not due at once: it
// would be made for ever.
func TestNoAttemptFollowsAtOnce(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := &Service{db: &models.DB{Now: func() time.Time { return now }}}
	r := s.judge(models.DeliveryResult{Delivery: models.Delivery{Attempts: 3, RoundStart: 3}}, outcome{failure: Failure{StatusCode: 500}})
	if r.Status != models.DeliveryRetrying || r.Next == nil || r.Next.Sub(now) < 4*time.Second {
		t.Errorf("it is %s, due at %v", r.Status, r.Next)
	}
}
