namespace GreenThreads.Tests;

// One scheduler: its own queue, then the others' (as a searcher), then sleep.
internal sealed partial class SleepWorld<TFaults>
{
    internal sealed class Scheduler(SleepWorld<TFaults> world, int index)
    {
        private bool _isSearching;

        internal int Index => index;

        internal RunQueue<ModelAtomics<TFaults>> Queue { get; } = new(capacity: 4);

        internal int PendingEvents { get; set; }

        internal bool IsInterrupted { get; set; }

        /// <summary>Its bit is set, after the last locked operation.</summary>
        internal bool IsAsleep { get; set; }

        /// <summary>Somebody else has taken its bit, and it does not search yet.</summary>
        internal bool IsTaken { get; set; }

        internal bool IsBlocked { get; private set; }

        /// <summary>Which look of the protocol is going on.</summary>
        internal Look Looks { get; private set; }

        private SleepProtocol<ModelAtomics<TFaults>> Protocol => world._protocol;

        public override string ToString() => $"scheduler{index}";

        internal void Run()
        {
            while (true)
            {
                if (Queue.Pop() is { } own)
                    RunItem(ModelItems.NumberOf(own));
                else if (!_isSearching && world.TakesBeforeSearch && world.TryTakeInjected(out int injected))
                    RunItem(injected);
                else if (!_isSearching && !Protocol.TryBeginSearch())
                {
                    if (TryFallAsleep() && !Sleep())
                        return;
                }
                else
                {
                    SetSearching(true);
                    if (TryFind(out int item))
                    {
                        EndSearch();
                        RunItem(item);
                    }
                    else if (TryFallAsleep() && !Sleep())
                        return;
                }
            }
        }

        /// <summary>Pushes into the own queue; tells others when it is more than one. For the body of an item.</summary>
        internal void Spawn(int item)
        {
            Assert.True(Queue.TryPush(ModelItems.Get(item)));
            if (Queue.Count >= 2)
                world.WakeAtMostOne(Protocol.Notify);
        }

        private bool TryFind(out int item)
        {
            if (world.TryTakeInjected(out item))
                return true;
            foreach (Scheduler victim in world._schedulers)
            {
                if (victim != this && Queue.StealHalfOf(victim.Queue, out _) is { } stolen)
                {
                    item = ModelItems.NumberOf(stolen);
                    return true;
                }
            }
            return false;
        }

        private void RunItem(int item)
        {
            Assert.False(world._isStarted[item], $"item {item} is run twice");
            world._isStarted[item] = true;
            RunBody(() => world.Body?.Invoke(this, item));
        }

        private void RunBody(Action body)
        {
            Assert.False(_isSearching);
            IsBlocked = true;
            body();
            IsBlocked = false;
        }

        // Counted out before the protocol does, and in after it does: its count is never less than the truth.
        private void SetSearching(bool value)
        {
            if (value != _isSearching)
                world._searching += value ? 1 : -1;
            _isSearching = value;
        }

        private void EndSearch()
        {
            SetSearching(false);
            Looks = Look.AtEndOfSearch;
            world.WakeAtMostOne(() => Protocol.EndSearch(index));
            Looks = Look.None;
        }

        private bool TryFallAsleep()
        {
            bool wasSearching = _isSearching;
            SetSearching(false);
            Looks = Look.BeforeSleep;
            bool isAsleep = Protocol.TryFallAsleep(index, wasSearching);
            Looks = Look.None;
            if (!isAsleep)
                BeginSearchAsWoken();
            return isAsleep;
        }

        private void BeginSearchAsWoken()
        {
            if (IsTaken)
                world._taken--;
            IsTaken = false;
            SetSearching(true);
        }

        // False if the world is at rest.
        private bool Sleep()
        {
            world._machine.Step("poll");
            if (!world._machine.WaitUntil("its poll", () => IsInterrupted || PendingEvents > 0))
                return false;
            IsInterrupted = false;
            int events = PendingEvents;
            PendingEvents = 0;
            if (Protocol.WakeUp(index))
                BeginSearchAsWoken();
            if (events > 0 && _isSearching)
                EndSearch(); // work of its own
            if (events > 0)
                RunBody(() => world.EventBody?.Invoke());
            return true;
        }
    }
}
