package notify

import "testing"

func TestBusyEndpointSendsTheRestAway(t *testing.T) {
	t.Parallel()
	b := newBusy()
	for range perEndpoint {
		if _, ok := b.enter("slow"); !ok {
			t.Fatal("a free place was refused")
		}
	}
	first, ok := b.enter("slow")
	if ok || first < shortestWait {
		t.Errorf("the endpoint is full, but enter = %s, %v", first, ok)
	}
	if _, ok := b.enter("other"); !ok {
		t.Error("a full endpoint keeps others waiting")
	}
	for range 10_000 {
		if wait, _ := b.enter("slow"); wait > longestWait*5/4 {
			t.Fatalf("a delivery waits %s", wait)
		}
	}
	if later, _ := b.enter("slow"); later < longestWait {
		t.Errorf("after ten thousand a delivery waits only %s", later)
	}
	b.leave("slow")
	if _, ok := b.enter("slow"); !ok {
		t.Error("a place that was given back was refused")
	}
}
