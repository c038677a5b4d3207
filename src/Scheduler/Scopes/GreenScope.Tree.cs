using System.Text;

namespace GreenThreads;

// The tree of scopes and their children, which tools can see. It is held together by what is there anyway: a scope knows its parent, its living children and the
// next scope inside of the same owner; a green thread knows the innermost scope that it has opened.
public sealed partial class GreenScope
{
    // Of a plain OS thread.
    [ThreadStatic]
    private static GreenScope? t_innermost;

    /// <summary>The innermost scope that the calling thread has open; on a green thread that has none, the one that it is a child of.</summary>
    internal static GreenScope? Innermost
    {
        get => GreenThread.Current is { } self ? self.InnermostScope : t_innermost;
        private set
        {
            if (GreenThread.Current is { } self)
                self.InnermostScope = value;
            else
                t_innermost = value;
        }
    }

    /// <summary>Those of its children that have not ended, in no particular order. For tools; takes the gate.</summary>
    internal void CopyChildrenTo(List<GreenThread> children)
    {
        using (_gate.Enter())
            _children.CopyTo(children);
    }

    /// <inheritdoc cref="CopyChildrenTo"/>
    internal List<GreenThread> CopyChildren()
    {
        var children = new List<GreenThread>();
        CopyChildrenTo(children);
        return children;
    }

    /// <summary>Whether it may be cancelled by time, or by a token: the report of deadlocks does not know what to make of that.</summary>
    internal bool EndsByTimeOrToken => !_deadline.IsNever || _registration.Token.CanBeCanceled;

    /// <summary>
    /// The scope, its living children with their states and spawn sites, and the scopes that are open inside, one a line, as a tree. A snapshot for people. Any thread;
    /// does not park.
    /// </summary>
    public string Describe()
    {
        var text = new StringBuilder();
        Describe(text, indent: 0);
        return text.ToString();
    }

    /// <summary>Its name or where it was opened, its state, and how many children it has.</summary>
    public override string ToString() =>
        $"{Place} ({(_isClosed ? "disposed of" : IsCanceled ? "canceled" : "open")}, {ChildCount} {(ChildCount == 1 ? "child" : "children")})";

    // For messages. Runs where nothing may park or throw.
    private string Place => Name is { } name ? $"scope \"{name}\"" : OpenSite is { Length: > 0 } site ? $"scope opened at {site}" : "scope";

    private void EnterTree()
    {
        Innermost = this;
        if (HasParentOfOwner)
            Parent!._inner = this;
        Interlocked.MemoryBarrier(); // See the top of GreenScope.cs.
        if (!_isShielded && Parent?._cancellation is { } cancellation)
            Cancel(cancellation.ForInner);
    }

    private void LeaveTree()
    {
        Innermost = Parent;
        if (HasParentOfOwner)
            Parent!._inner = null;
    }

    private bool HasParentOfOwner => Parent?.Owner == Owner;

    private void Describe(StringBuilder text, int indent)
    {
        string owner = Owner is GreenThread thread ? thread.ToString() : "an OS thread";
        text.Append(' ', indent).Append(this).Append(", ").Append(Policy).Append(", of ").Append(owner).AppendLine();
        var children = new List<GreenThread>();
        CopyChildrenTo(children);
        foreach (GreenThread child in children.OrderBy(static child => child.Id))
        {
            text.Append(' ', indent + 2).Append(child);
            if (child.SpawnSite is { Length: > 0 } site)
                text.Append(" spawned at ").Append(site);
            text.AppendLine();
            OutermostOf(child)?.Describe(text, indent + 4);
        }
        _inner?.Describe(text, indent + 2);
    }

    // The first that a green thread has opened and has open still; the others hang below it.
    private static GreenScope? OutermostOf(GreenThread thread)
    {
        GreenScope? outermost = null;
        for (GreenScope? scope = thread.InnermostScope; scope is not null && scope.Owner == thread; scope = scope.Parent)
            outermost = scope;
        return outermost;
    }
}
