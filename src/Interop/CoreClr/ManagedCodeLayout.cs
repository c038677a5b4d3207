namespace GreenThreads;

/// <summary>
/// Where CoreCLR keeps what leads from a code address to a method: offsets in bytes and constants, all from the contract descriptor except
/// where a comment says otherwise. What each means is in dotnet/runtime, docs/design/datacontracts (ExecutionManager.md,
/// RuntimeTypeSystem.md, StackWalk.md); <see cref="ManagedFramesCheck"/> compares what they lead to with a stack trace of the runtime's own.
/// </summary>
internal sealed record ManagedCodeLayout
{
    // The version whose nibble map has relative pointers in it.
    private const int KnownExecutionManager = 2;

    // From an address to its range of code.
    internal required nint RangeSectionMap { get; init; }
    internal required int FragmentNext { get; init; }
    internal required int FragmentBegin { get; init; }
    internal required int FragmentEnd { get; init; }
    internal required int FragmentSection { get; init; }
    internal required int SectionBegin { get; init; }
    internal required int SectionFlags { get; init; }
    internal required int SectionHeap { get; init; }
    internal required int SectionR2RModule { get; init; }
    internal required int SectionNextForDelete { get; init; }

    // Code that was compiled in this process.
    internal required int HeapStart { get; init; }
    internal required int HeapEnd { get; init; }
    internal required int HeapMapBase { get; init; }
    internal required int HeapHeaderMap { get; init; }
    internal required int HeaderMethodDesc { get; init; }
    internal required int HeaderUnwindCount { get; init; }
    internal required int HeaderUnwindInfos { get; init; }
    internal required nint LastStubKind { get; init; }

    // Code that came compiled in an image.
    internal required int ModuleR2RInfo { get; init; }
    internal required int R2RComposite { get; init; }
    internal required int R2RFunctionCount { get; init; }
    internal required int R2RFunctions { get; init; }
    internal required int R2RHotColdCount { get; init; }
    internal required int R2REntryPoints { get; init; }
    internal required int MapBuckets { get; init; }
    internal required int BucketSize { get; init; }
    internal required int BucketKeys { get; init; }
    internal required int BucketValues { get; init; }
    internal required int BucketSlots { get; init; }
    internal required nint MapValueMask { get; init; }

    // From a method to its name.
    internal required int MethodChunkIndex { get; init; }
    internal required int MethodFlags { get; init; }
    internal required int MethodTokenRemainder { get; init; }
    internal required int MethodAlignment { get; init; }
    internal required int MethodTokenBits { get; init; }
    internal required int MethodExtendedFlags { get; init; }
    internal required int DynamicMethodName { get; init; }
    internal required int ChunkSize { get; init; }
    internal required int ChunkMethodTable { get; init; }
    internal required int ChunkTokenRange { get; init; }
    internal required int TableModule { get; init; }

    // Explicit frames: records on the stack with which native code that managed code called marks where the managed frames go on.
    internal required int FrameNext { get; init; }
    internal required int InlinedSP { get; init; }
    internal required int InlinedReturnAddress { get; init; }
    internal required int InlinedFP { get; init; }
    internal required int InlinedSize { get; init; }
    internal required int FramedTransition { get; init; }
    internal required int TransitionReturnAddress { get; init; }
    internal required int TransitionRbp { get; init; }
    internal required int TransitionSize { get; init; }
    internal required int SoftwareExceptionContext { get; init; }
    internal required int FaultingExceptionContext { get; init; }
    internal required FrameKinds Kinds { get; init; }

    /// <summary>m_Datum: which P/Invoke it is. Not in the descriptor; the word before the stack pointer, checked with a P/Invoke of ours.</summary>
    internal int InlinedDatum => InlinedSP - sizeof(long);

    /// <exception cref="RuntimeUnsupportedException">The descriptor does not say all of it.</exception>
    internal static ManagedCodeLayout Read(ContractDescriptor descriptor)
    {
        if (descriptor.VersionOf("ExecutionManager") != KnownExecutionManager)
            throw new RuntimeUnsupportedException($"the contract ExecutionManager is not version {KnownExecutionManager}");
        return new ManagedCodeLayout
        {
            RangeSectionMap = descriptor.PointerOf("ExecutionManagerCodeRangeMapAddress") + descriptor.OffsetOf("RangeSectionMap", "TopLevelData"),
            FragmentNext = descriptor.OffsetOf("RangeSectionFragment", "Next"),
            FragmentBegin = descriptor.OffsetOf("RangeSectionFragment", "RangeBegin"),
            FragmentEnd = descriptor.OffsetOf("RangeSectionFragment", "RangeEndOpen"),
            FragmentSection = descriptor.OffsetOf("RangeSectionFragment", "RangeSection"),
            SectionBegin = descriptor.OffsetOf("RangeSection", "RangeBegin"),
            SectionFlags = descriptor.OffsetOf("RangeSection", "Flags"),
            SectionHeap = descriptor.OffsetOf("RangeSection", "HeapList"),
            SectionR2RModule = descriptor.OffsetOf("RangeSection", "R2RModule"),
            SectionNextForDelete = descriptor.OffsetOf("RangeSection", "NextForDelete"),
            HeapStart = descriptor.OffsetOf("CodeHeapListNode", "StartAddress"),
            HeapEnd = descriptor.OffsetOf("CodeHeapListNode", "EndAddress"),
            HeapMapBase = descriptor.OffsetOf("CodeHeapListNode", "MapBase"),
            HeapHeaderMap = descriptor.OffsetOf("CodeHeapListNode", "HeaderMap"),
            HeaderMethodDesc = descriptor.OffsetOf("RealCodeHeader", "MethodDesc"),
            HeaderUnwindCount = descriptor.OffsetOf("RealCodeHeader", "NumUnwindInfos"),
            HeaderUnwindInfos = descriptor.OffsetOf("RealCodeHeader", "UnwindInfos"),
            LastStubKind = descriptor.ConstantOf("StubCodeBlockLast"),
            ModuleR2RInfo = descriptor.OffsetOf("Module", "ReadyToRunInfo"),
            R2RComposite = descriptor.OffsetOf("ReadyToRunInfo", "CompositeInfo"),
            R2RFunctionCount = descriptor.OffsetOf("ReadyToRunInfo", "NumRuntimeFunctions"),
            R2RFunctions = descriptor.OffsetOf("ReadyToRunInfo", "RuntimeFunctions"),
            R2RHotColdCount = descriptor.OffsetOf("ReadyToRunInfo", "NumHotColdMap"),
            R2REntryPoints = descriptor.OffsetOf("ReadyToRunInfo", "EntryPointToMethodDescMap"),
            MapBuckets = descriptor.OffsetOf("HashMap", "Buckets"),
            BucketSize = descriptor.SizeOf("Bucket"),
            BucketKeys = descriptor.OffsetOf("Bucket", "Keys"),
            BucketValues = descriptor.OffsetOf("Bucket", "Values"),
            BucketSlots = (int)descriptor.ConstantOf("HashMapSlotsPerBucket"),
            MapValueMask = descriptor.ConstantOf("HashMapValueMask"),
            MethodChunkIndex = descriptor.OffsetOf("MethodDesc", "ChunkIndex"),
            MethodFlags = descriptor.OffsetOf("MethodDesc", "Flags"),
            MethodTokenRemainder = descriptor.OffsetOf("MethodDesc", "Flags3AndTokenRemainder"),
            MethodAlignment = (int)descriptor.ConstantOf("MethodDescAlignment"),
            MethodTokenBits = (int)descriptor.ConstantOf("MethodDescTokenRemainderBitCount"),
            MethodExtendedFlags = descriptor.OffsetOf("StoredSigMethodDesc", "ExtendedFlags"),
            DynamicMethodName = descriptor.OffsetOf("DynamicMethodDesc", "MethodName"),
            ChunkSize = descriptor.SizeOf("MethodDescChunk"),
            ChunkMethodTable = descriptor.OffsetOf("MethodDescChunk", "MethodTable"),
            ChunkTokenRange = descriptor.OffsetOf("MethodDescChunk", "FlagsAndTokenRange"),
            TableModule = descriptor.OffsetOf("MethodTable", "Module"),
            FrameNext = descriptor.OffsetOf("Frame", "Next"),
            InlinedSP = descriptor.OffsetOf("InlinedCallFrame", "CallSiteSP"),
            InlinedReturnAddress = descriptor.OffsetOf("InlinedCallFrame", "CallerReturnAddress"),
            InlinedFP = descriptor.OffsetOf("InlinedCallFrame", "CalleeSavedFP"),
            InlinedSize = descriptor.SizeOf("InlinedCallFrame"),
            FramedTransition = descriptor.OffsetOf("FramedMethodFrame", "TransitionBlockPtr"),
            TransitionReturnAddress = descriptor.OffsetOf("TransitionBlock", "ReturnAddress"),
            TransitionRbp = descriptor.OffsetOf("TransitionBlock", "CalleeSavedRegisters") + descriptor.OffsetOf("CalleeSavedRegisters", "Rbp"),
            TransitionSize = descriptor.SizeOf("TransitionBlock"),
            SoftwareExceptionContext = descriptor.OffsetOf("SoftwareExceptionFrame", "TargetContext"),
            FaultingExceptionContext = descriptor.OffsetOf("FaultingExceptionFrame", "TargetContext"),
            Kinds = FrameKinds.Read(descriptor),
        };
    }
}

/// <summary>The identifiers that explicit frames begin with; 0 for one that this runtime does not have.</summary>
internal sealed record FrameKinds
{
    internal required nint Inlined { get; init; }
    internal required nint SoftwareException { get; init; }
    internal required nint FaultingException { get; init; }
    internal required nint ExceptionFilter { get; init; }
    internal required nint ClassInit { get; init; }

    /// <summary>Those that hold a TransitionBlock, which stubs of the runtime make before they leave managed code.</summary>
    internal required nint[] Framed { get; init; }

    internal required IReadOnlyDictionary<nint, string> Names { get; init; }

    internal static FrameKinds Read(ContractDescriptor descriptor)
    {
        string[] framed = ["PInvokeCalliFrame", "PrestubMethodFrame", "CallCountingHelperFrame", "StubDispatchFrame", "ExternalMethodFrame", "DynamicHelperFrame"];
        string[] others = ["InlinedCallFrame", "ResumableFrame", "RedirectedThreadFrame", "FaultingExceptionFrame", "SoftwareExceptionFrame", "FuncEvalFrame",
            "HijackFrame", "ProtectValueClassFrame", "DebuggerClassInitMarkFrame", "DebuggerExitFrame", "DebuggerU2MCatchHandlerFrame", "ExceptionFilterFrame"];
        var names = new Dictionary<nint, string>();
        foreach (string name in framed.Concat(others))
        {
            if (IdOf(name) is not 0 and nint id)
                names[id] = name;
        }
        return new FrameKinds
        {
            Inlined = descriptor.ConstantOf("InlinedCallFrameIdentifier"),
            SoftwareException = IdOf("SoftwareExceptionFrame"),
            FaultingException = IdOf("FaultingExceptionFrame"),
            ExceptionFilter = IdOf("ExceptionFilterFrame"),
            ClassInit = IdOf("DebuggerClassInitMarkFrame"),
            Framed = [.. framed.Select(IdOf).Where(static id => id != 0)],
            Names = names,
        };

        nint IdOf(string frame) => descriptor.HasGlobal(frame + "Identifier") ? descriptor.ConstantOf(frame + "Identifier") : 0;
    }
}
